//===- Bytes.h - A block of bytes read from a file --------------*- C++ -*-===//
//
// File contents, in memory or mapped.
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

/// A part of a file's bytes, which stay as long as anything refers to them.
struct SharedBytes {
  SharedBytes() = default;
  SharedBytes(Bytes bytes);

  std::span<const uint8_t> view() const { return {data.get(), size}; }
  /// `part` is a part of the view.
  SharedBytes at(std::span<const uint8_t> part) const;

  std::shared_ptr<const uint8_t> data;
  size_t size = 0;
};

/// The whole file, read if it has at most `mostInMemory` bytes, else mapped. Throws a UserError that names it.
SharedBytes shareFile(const std::string &path, size_t mostInMemory);

} // namespace nacre::runtime
