//===- Gzip.h - Compressed files --------------------------------*- C++ -*-===//
//
// Inflates .gz files.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/files/Bytes.h"

#include <string_view>

namespace nacre::runtime {

bool isGzip(std::span<const uint8_t> file);

/// All members of the file, one after the other. `name` is for messages.
Bytes inflateGzip(std::span<const uint8_t> file, std::string_view name);

} // namespace nacre::runtime
