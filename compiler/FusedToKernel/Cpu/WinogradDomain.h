//===- WinogradDomain.h - Transformed tiles in scratch memory ---*- C++ -*-===//
#pragma once

#include "FusedToKernel/Cpu/LinearTransform.h"
#include "FusedToKernel/Cpu/Staging.h"

namespace nacre::kernel {

/// A block of tiles at all points of the Winograd domain: [point][channels / B][tile][B]. Points lie a little further
/// apart than they need to, lest they take each other's places in the cache.
class WinogradDomain {
public:
  /// With room for `room` tiles, perhaps more than a block has.
  WinogradDomain(KernelFunction &kernel, mlir::Type element, const WinogradBlocks &blocks, int64_t channels,
                 int64_t blockSize, int64_t room);

  /// Transforms both edges of squares of pixels by `matrix`; squares are `step` pixels apart. `place` is that of the
  /// image in the block.
  void fill(const Pixels &pixels, const Matrix &matrix, int64_t step, mlir::Value place);
  /// One vector of channels of a pixel: that in row `i` and column `j` of the tile in that row and column of tiles.
  struct Pixel {
    mlir::Value tileRow, tileColumn, channel;
    int64_t i, j;
  };
  /// Transforms the tiles of an image back by `matrix`, and calls `finish` with the sums of each pixel.
  void drain(const Matrix &matrix, mlir::Value place,
             llvm::function_ref<void(const Pixel &pixel, mlir::Value sums)> finish);
  /// Zeros everywhere.
  void clear();

  mlir::Value getMemory() const { return memory.memref; }
  /// The first element of a point.
  mlir::Value pointPlace(mlir::Value point) { return nest.math().mul(point, pointStride); }
  /// From a block of channels to the next.
  int64_t blockStride() const { return room * blockSize; }

private:
  /// Loops over the tiles of an image, and vectors of their channels.
  struct At {
    mlir::Value row, column, channel; ///< Of the tile, and its first channel.
    mlir::Value place;                ///< Of the tile and channel in memory, at the first point.
  };
  void forTiles(mlir::Value image, llvm::function_ref<void(const At &)> body);

  LoopNest &nest;
  WinogradBlocks blocks;
  int64_t channels, blockSize, room, pointStride;
  unsigned lanes;
  Buffer memory;
};

/// Elements of a line of the cache.
int64_t lineElements(mlir::Type element);
/// Padded rows of an image for a band of tiles.
StagedImage::Shape paddedRows(const ConvShape &shape, const WinogradBlocks &blocks, int64_t channels);

} // namespace nacre::kernel
