//===- Descriptor.h - Where a matrix lies in shared memory ------*- C++ -*-===//
//
// The 64 bits by which wgmma is told (PTX ISA, "Matrix Descriptor Format").
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/Calls.h"

#include <bit>
#include <cstdint>

namespace nacre::runtime::emulator {

struct MatrixPlace {
  uint64_t descriptor;
  bool hasLinesTogether; ///< Rows or columns of the product, and not its terms.

  bool operator==(const MatrixPlace &) const = default;

  /// Chunks of 16 bytes in a row: 8, 4 or 2; 1 where none are exchanged.
  int64_t rowChunks() const {
    int64_t mode = descriptor >> 62;
    return mode == 0 ? 1 : 16 >> mode;
  }

  /// The byte of an element of `size` bytes, beyond address zero in units of the whole of shared memory.
  int64_t byteOf(int64_t line, int64_t term, int64_t size) const {
    int64_t rowBytes = rowChunks() * 16, ofRow = rowBytes / size;
    int64_t row = hasLinesTogether ? term : line, column = hasLinesTogether ? line : term;
    int64_t byte =
        field(0) + row / 8 * field(32) + row % 8 * rowBytes + column % ofRow * size + column / ofRow * field(16);
    return byte ^ ((byte >> 7 & (rowChunks() - 1)) << 4);
  }

private:
  int64_t field(int at) const { return int64_t(descriptor >> at & 0x3FFF) << 4; }
};

} // namespace nacre::runtime::emulator
