//===- ConvPlan.h - How a direct convolution is cut -------------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Cpu/Staging.h"

namespace nacre::kernel {

/// What an item of a direct convolution is, what of it is staged and summed at a time, and in which register tiles.
///
/// An item is an image, of which bands of rows are staged. Where weights are larger than the second-level cache they
/// are taken in blocks; then an item is a slice of the output channels of as many small images as a block is worth.
class ConvPlan {
public:
  ConvPlan(fused::ConvOp conv, const Target &target);

  ConvShape shape;
  unsigned fullLanes;
  bool isDot;     ///< Few output channels: lanes are input channels.
  unsigned lanes; ///< Output channels in a vector of sums.
  int64_t paddedK;
  bool isBlocked;     ///< Weights are taken in blocks.
  int64_t blockC;     ///< Input channels that are staged at a time.
  int64_t bandRows;   ///< Output rows whose windows are staged at a time,
  int64_t groupRows;  ///< and those that are summed before `store` takes them.
  int64_t images = 1; ///< Of an item.
  bool storesTiles;   ///< `store` runs on sums in registers.
  Tile size;          ///< Vectors of outputs and, at most, pixels of a tile.
  int64_t bandColumns;

  /// Output channels of a tile, of an item, and those whose sums are in memory at a time.
  int64_t tileK() const { return int64_t(size.vectors) * lanes; }
  int64_t sliceK, sumK;
  int64_t slices() const { return paddedK / sliceK; }
  int64_t channelBlocks() const { return shape.C / blockC; }

  /// The grid of pixels that tiles cover: one row where a row of outputs, and of windows, goes on where the one above
  /// ends.
  int64_t gridRows() const { return isLinear(storesTiles) ? 1 : groupRows; }
  int64_t gridColumns() const { return isLinear(storesTiles) ? groupRows * shape.Q : bandColumns; }
  PixelTile pixels() const { return pixelTile(gridRows(), gridColumns(), size, storesTiles); }
  StagedImage::Shape stagedBand() const;

  /// Axes of an image of which an item stages a part at a time, or -1 where what is stored may be staged later.
  int64_t axesInParts() const;

private:
  bool readsOwn(int axis) const;
  bool isLinear(bool stores) const;
  int64_t weightBytes() const;
  int64_t channelBlock() const;
  int64_t rowsOf(int64_t pixels) const;
  int64_t groupPixels() const;
  bool canStoreTiles(fused::ConvOp conv) const;
  ProductTile bestTile(bool stores) const;
  Tile tileSize() const;
  int64_t columnsPerBand() const;

  const Target &target;
  fused::ScheduleAttr said;
};

} // namespace nacre::kernel
