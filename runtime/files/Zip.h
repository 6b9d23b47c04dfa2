//===- Zip.h - Archives -----------------------------------------*- C++ -*-===//
//
// Finds and unpacks the members of zip files, as numpy writes them: stored or
// deflated, of any size.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <vector>

#include "runtime/files/Bytes.h"

namespace nacre::runtime {

struct ZipMember {
  std::string name;
  bool deflated;
  uint32_t checksum;
  uint64_t size;                   ///< unpacked
  std::span<const uint8_t> packed; ///< in the file
};

bool isZip(std::span<const uint8_t> file);

/// Throws a UserError that names the file unless all its members lie in it.
std::vector<ZipMember> zipMembers(std::span<const uint8_t> file, const std::string &name);

/// What a member of `file` holds; of a stored one these are bytes of the file itself. Throws a UserError that names the
/// file unless its checksum is right.
SharedBytes unzip(const SharedBytes &file, const ZipMember &member, const std::string &name);

} // namespace nacre::runtime
