//===- Safetensors.h - The file format of checkpoints -----------*- C++ -*-===//
//
// Named tensors and text: 8 bytes with the length of a JSON header, the header,
// the tensors' bytes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "runtime/core/DType.h"
#include "runtime/files/Bytes.h"

namespace nacre::runtime {

/// A tensor whose bytes lie elsewhere.
struct NamedTensor {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  std::span<const char> bytes;
};

struct Safetensors {
  std::map<std::string, NamedTensor> tensors;
  std::map<std::string, std::string> metadata;

  const NamedTensor *find(const std::string &name) const;
};

/// Throws a UserError that names the file unless it is well-formed; the result refers to `file`.
Safetensors parseSafetensors(std::span<const uint8_t> file, const std::string &name);

/// A file in memory with what was found in it.
struct SafetensorsFile {
  explicit SafetensorsFile(const std::string &path);

  Bytes bytes;
  Safetensors content;
};

/// Writes the tensors in the given order, atomically.
void writeSafetensors(const std::string &path, const std::vector<NamedTensor> &tensors,
                      const std::map<std::string, std::string> &metadata);

} // namespace nacre::runtime
