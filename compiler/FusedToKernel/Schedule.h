//===- Schedule.h - How a convolution is cut --------------------*- C++ -*-===//
#pragma once

#include "Fused/Fused.h"
#include "FusedToKernel/Target.h"

namespace nacre::kernel {

/// A row or column in a block of outputs: its first tap, how many it has, `spread` apart, and where the first of them
/// reads in the block's window.
struct Phase {
  int64_t tap, taps, place;
};

/// The sizes of a convolution. N is not among them: kernels do not know it. C and K are channels of a group.
struct ConvShape {
  int64_t C, H, W, K, P, Q, R, S, groups;
  int64_t stride[2], low[2], dilation[2];
  /// P and Q count blocks of so many rows and columns of outputs, each with taps of its own; these are all outputs, and
  /// the padding in front of x once it is spread apart.
  int64_t spread[2] = {1, 1}, outputs[2], spreadLow[2];
  /// Of the rows and columns of x only each so-manieth is read: H and W count these.
  int64_t step[2] = {1, 1};
  mlir::Type element;

  /// Then x is not prefetched: most of that would never be read.
  bool skipsPixels() const { return step[0] * step[1] > 1; }

  /// Rows and columns of x that `rows` output rows read, with their padding.
  int64_t rowsFor(int64_t rows) const { return (rows - 1) * stride[0] + window(0); }
  int64_t columns() const { return (Q - 1) * stride[1] + window(1); }
  /// Rows or columns of x that a block of outputs reads.
  int64_t window(int axis) const;
  /// Of each row or column in a block the taps that meet elements of x.
  llvm::SmallVector<Phase> phases(int axis) const;
  /// Elements of a weight row, of one pixel's window, that lie side by side in x.
  int64_t run() const { return dilation[1] == 1 ? S * C : C; }
  /// Such runs in a row of taps.
  int64_t runs() const { return dilation[1] == 1 ? 1 : S; }
  int64_t taps() const { return R * S * C; }
};

ConvShape shapeOf(fused::ConvOp conv);
ConvShape shapeOf(fused::ConvDwOp conv);

/// Stays in the first-level cache beside what is being computed with it.
constexpr int64_t nearBytes = 24 * 1024;

enum class CacheLevel { Second };
/// The size of a small core's cache, by the table.
int64_t cacheBytes(CacheLevel level);

/// A register tile.
struct Tile {
  unsigned vectors, rows;
  bool operator==(const Tile &) const = default;
};

/// How a convolution is cut by Winograd's method: into blocks of tiles, each m x m outputs.
struct WinogradBlocks {
  int64_t m, edge; ///< Outputs and inputs along an edge of a tile.
  int64_t tileRows, tileColumns;
  int64_t bandRows;       ///< Rows of tiles of an image that are in a block.
  int64_t images;         ///< Of which a block has as many rows.
  int64_t blockC, blockK; ///< Channels that lie together.

  int64_t points() const { return edge * edge; }
  int64_t tilesPerImage() const { return bandRows * tileColumns; }
  int64_t tiles() const { return images * tilesPerImage(); }
};
WinogradBlocks winogradBlocks(const ConvShape &shape, int64_t m, int64_t leastTiles);

enum class TileKind { Conv, ConvDw };
/// Those that fit for so many vectors of outputs, the first to be taken if nothing else is known; or the one that a
/// schedule says.
llvm::SmallVector<Tile> tilesFor(TileKind kind, const Target &target, int64_t vectors, fused::ScheduleAttr said);
Tile tileFor(TileKind kind, const Target &target, int64_t vectors, fused::ScheduleAttr said);

enum class BlockKind { ConvDw, ConvDwOfOneTap, WinogradDw, WinogradKept, WinogradParts };
/// That of a direct weight gradient.
BlockKind blockKindOf(const ConvShape &shape);
/// That of a convolution with a Winograd tile. It has all its weights in the Winograd domain at a time if they are given
/// so, or are few.
BlockKind winogradBlockKindOf(fused::ConvOp conv);
int64_t blockFor(BlockKind kind, fused::ScheduleAttr said);

/// Whether outputs have so few channels that lanes are better spent on x.
bool hasFewOutputs(const ConvShape &shape, unsigned lanes);
/// Whether each image has a single pixel of each operand and of the result: rows and columns of matrices.
bool isProduct(const ConvShape &shape, unsigned lanes);
/// Lanes for output channels: a register's, or fewer where there are fewer channels.
unsigned outputLanes(const ConvShape &shape, const Target &target);

/// Whether groups have so few channels that lanes are better spent on several groups.
bool hasSmallGroups(const ConvShape &shape, const Target &target);

/// Of a weight gradient the block of channels that an item sums: as much as stays in the second-level cache, in a shape
/// for which little has to be staged, and few enough for several threads.
ConvShape channelBlock(const ConvShape &shape, unsigned lanes, int64_t parts);

/// Output rows for which the padded rows of x, with so many channels, fit in a band of scratch memory. Where bands
/// share no rows, and `leastPixels` is given, only as many as have these.
int64_t rowsPerBand(const ConvShape &shape, int64_t channels, int64_t leastPixels = 0);

/// Pixels of a register tile: rows times columns of the output.
struct PixelTile {
  int64_t rows, columns;
};
/// The tile of at most `size.rows` pixels that covers so many rows and columns in the least time; an exact one divides
/// them.
PixelTile pixelTile(int64_t rows, int64_t columns, Tile size, bool isExact = false);
/// A size of tiles, and the cycles that a term of all sums takes with it.
struct ProductTile {
  Tile size;
  double cycles;
};
/// The best one for so many pixels times vectors of outputs, each of which has `vectorBytes` of weights.
ProductTile productTile(llvm::ArrayRef<Tile> tiles, int64_t vectors, int64_t rows, int64_t columns, int64_t vectorBytes,
                        bool isExact);

/// The largest number up to `limit` that divides `n`, if it is not much smaller; else `limit`.
int64_t fittingDivisor(int64_t n, int64_t limit);
/// The largest number up to `limit` that divides `n`.
int64_t largestDivisor(int64_t n, int64_t limit);

} // namespace nacre::kernel
