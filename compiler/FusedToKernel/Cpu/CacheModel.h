//===- CacheModel.h - A cache that is only counted --------------*- C++ -*-===//
#pragma once

#include <cstdint>
#include <vector>

namespace nacre::kernel {

/// A cache of lines in sets of 16, each of which gives up the line that was not used for longest.
class CacheModel {
public:
  static constexpr int64_t lineBytes = 64, ways = 16;

  /// `bytes` is a power of two.
  explicit CacheModel(int64_t bytes) : bytes(bytes), lines(bytes / lineBytes, none) {}

  /// Reads or writes some bytes; returns how many lines were not there.
  int64_t touch(int64_t address, int64_t length);
  int64_t getBytes() const { return bytes; }
  /// Lines read or written so far.
  int64_t getTouched() const { return touched; }

private:
  static constexpr int64_t none = -1;
  bool touchLine(int64_t line);

  int64_t bytes, touched = 0;
  std::vector<int64_t> lines; ///< Set by set, the last used one first.
};

} // namespace nacre::kernel
