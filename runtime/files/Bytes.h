//===- Bytes.h - A block of bytes read from a file --------------*- C++ -*-===//
//
// File contents in memory.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace nacre::runtime {

struct Bytes {
  Bytes() = default;
  explicit Bytes(size_t size) : data(std::make_unique_for_overwrite<uint8_t[]>(size)), size(size) {}

  std::span<const uint8_t> view() const { return {data.get(), size}; }

  std::unique_ptr<uint8_t[]> data;
  size_t size = 0;
};

/// The whole file. Throws a UserError that names it.
Bytes readFile(const std::string &path);

} // namespace nacre::runtime
