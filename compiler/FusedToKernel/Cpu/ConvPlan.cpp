//===- ConvPlan.cpp - How a direct convolution is cut ---------------------===//

#include "FusedToKernel/Cpu/ConvPlan.h"
#include "FusedToKernel/Cpu/ConvResults.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Weights from this size on are taken in blocks, of so many input channels.
static constexpr int64_t largeWeightBytes = 512 * 1024, channelsPerBlock = 128;
/// A block is used for so many pixels of a band, or for so many at least of several images, the more if it has several
/// taps: copying it waits for memory.
static constexpr int64_t pixelsPerBand = 256, pixelsPerTap = 256, pixelsPerBlock = 512, maxImages = 32;
/// An item has several blocks only of so many output channels, as there are few items: the fewer, the more taps meet
/// what is staged again for each.
static constexpr int64_t channelsPerSlice = 448, leastPerSlice = 128;
/// Part of a row that is staged at a time, and its least columns, where nothing else is read for it.
static constexpr int64_t partBytes = 16 * 1024, leastColumns = 8;

ConvPlan::ConvPlan(fused::ConvOp conv, const Target &target)
    : shape(shapeOf(conv)), fullLanes(target.lanes(shape.element)), target(target), said(conv.getScheduleAttr()) {
  int64_t taps = shape.R * shape.S;
  isDot = hasFewOutputs(shape, fullLanes) && !conv.getSpread();
  lanes = isDot ? 1 : outputLanes(shape, target);
  paddedK = roundUp(shape.K, lanes);
  isBlocked = !isDot && shape.groups == 1 && paddedK == shape.K && weightBytes() > largeWeightBytes;
  blockC = isBlocked ? channelBlock() : shape.C;
  bandRows = isBlocked ? rowsOf(pixelsPerBand) : rowsPerBand(shape, shape.C, groupPixels());
  groupRows = isBlocked ? bandRows : fittingDivisor(bandRows, std::max<int64_t>(1, ceilDiv(groupPixels(), shape.Q)));
  if (isBlocked && bandRows == shape.P)
    images = std::min(maxImages, ceilDiv(std::min(pixelsPerBlock, pixelsPerTap * taps), shape.P * shape.Q));
  storesTiles = canStoreTiles(conv);
  size = tileSize();
  bandColumns = columnsPerBand();
  int64_t mostK = std::max(leastPerSlice, channelsPerSlice / taps);
  sliceK = images > 1 ? largestDivisor(paddedK / tileK(), std::max<int64_t>(1, mostK / tileK())) * tileK() : paddedK;
  // A tile's channels, unless others follow before these are complete, or the last ones are padding.
  sumK = isBlocked ? sliceK : isDot || shape.K < paddedK ? paddedK : tileK();
}

/// Whether a row or column of outputs is made from the same one of inputs alone.
bool ConvPlan::readsOwn(int axis) const {
  return shape.window(axis) == 1 && shape.low[axis] == 0 &&
         shape.stride[axis] * shape.step[axis] * shape.spread[axis] == 1;
}

int64_t ConvPlan::axesInParts() const {
  bool byPixels = bandColumns < shape.Q, byRows = bandRows < shape.P || byPixels;
  bool isApart = (!byRows || readsOwn(0)) && (!byPixels || readsOwn(1)) && shape.P % bandRows == 0 &&
                 bandRows % groupRows == 0 && shape.groups == 1;
  return isApart ? byRows + byPixels : -1;
}

bool ConvPlan::isLinear(bool stores) const {
  return !stores && shape.spread[0] == 1 && shape.stride[0] * shape.columns() == shape.Q * shape.stride[1];
}

int64_t ConvPlan::weightBytes() const { return shape.taps() * paddedK * shape.element.getIntOrFloatBitWidth() / 8; }

int64_t ConvPlan::channelBlock() const {
  int64_t divisor = largestDivisor(shape.C, channelsPerBlock);
  return 2 * divisor >= std::min(shape.C, channelsPerBlock) ? divisor : shape.C;
}

int64_t ConvPlan::rowsOf(int64_t pixels) const {
  return fittingDivisor(shape.P, std::max<int64_t>(1, ceilDiv(pixels, shape.Q)));
}

/// So many that their sums, and what a window of one tap reads of them, stay in the first-level cache.
int64_t ConvPlan::groupPixels() const {
  return std::max<int64_t>(1, 2 * fullLanes / (shape.spread[0] * shape.spread[1]));
}

/// A small program, of vectors that are all there, each once, in tiles that are not much worse than those that overlap.
bool ConvPlan::canStoreTiles(fused::ConvOp conv) const {
  if (isDot || isBlocked || lanes == 1 || shape.K < paddedK || shape.outputs[0] % shape.spread[0] ||
      shape.outputs[1] % shape.spread[1] || !ConvResults::storesVectors(conv))
    return false;
  return bestTile(/*stores=*/true).cycles <= 1.25 * bestTile(/*stores=*/false).cycles;
}

ProductTile ConvPlan::bestTile(bool stores) const {
  int64_t vectors = paddedK / lanes, rows = isLinear(stores) ? 1 : groupRows, columns = groupRows * shape.Q / rows;
  return productTile(tilesFor(TileKind::Conv, target, vectors, said), vectors, rows, columns, weightBytes() / vectors,
                     /*isExact=*/stores);
}

Tile ConvPlan::tileSize() const {
  if (isDot)
    return Tile{1, 1};
  return isBlocked ? tileFor(TileKind::Conv, target, paddedK / lanes, said) : bestTile(storesTiles).size;
}

/// Of windows of one tap and without padding, where a row is large, a part of it that stays in the first-level cache.
int64_t ConvPlan::columnsPerBand() const {
  int64_t row = shape.Q * shape.C * shape.element.getIntOrFloatBitWidth() / 8;
  bool isOneTap = shape.window(0) == 1 && shape.window(1) == 1 && shape.stride[1] == 1;
  bool isPadded = shape.low[1] != 0 || shape.W < shape.Q;
  if (!storesTiles || bandRows > 1 || !isOneTap || isPadded || row <= partBytes)
    return shape.Q;
  int64_t columns = largestDivisor(shape.Q, std::max(leastColumns, shape.Q * partBytes / row));
  bool isWhole = columns % pixelTile(1, columns, size).columns == 0;
  return isWhole && columns >= leastColumns ? columns : shape.Q;
}

StagedImage::Shape ConvPlan::stagedBand() const {
  StagedImage::Shape band = rowsOfBand(shape, bandRows, blockC, images);
  if (bandColumns < shape.Q)
    band.columns = band.width = bandColumns;
  return band;
}
