//===- Schedule.cpp - How a convolution is cut ----------------------------===//

#include "FusedToKernel/Schedule.h"
#include "FusedToKernel/IndexMath.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Half of the second-level cache of a small core: beside x, weights and sums live there.
static constexpr int64_t bandBytes = 256 * 1024;
/// A weight gradient that is summed at a time; and items for so many threads at least.
static constexpr int64_t blockBytes = 256 * 1024, leastItems = 4;
/// Fewer output channels than this cannot fill vectors.
static constexpr int64_t fewOutputs = 4;
/// Of groups side by side in a vector of outputs, vectors of inputs that can be held.
static constexpr int64_t inputVectors = 4;

template <typename Op> static ConvShape commonShape(Op conv) {
  ArrayRef<int64_t> x = conv.getExtents(), stride = conv.getStride(), low = conv.getLow(),
                    dilation = conv.getDilation();
  ConvShape shape{};
  shape.groups = conv.getGroups();
  shape.C = x[1] / shape.groups;
  shape.H = x[2];
  shape.W = x[3];
  for (int axis : {0, 1}) {
    shape.stride[axis] = stride[axis];
    shape.low[axis] = shape.spreadLow[axis] = low[axis];
    shape.dilation[axis] = dilation[axis];
  }
  return shape;
}

/// One tap reads as many rows and columns as there are outputs: others are left out.
static void skipUnread(ConvShape &shape) {
  auto skip = [&](int axis, int64_t &size, int64_t taps, int64_t outputs) {
    if (taps > 1 || shape.low[axis] != 0 || (outputs - 1) * shape.stride[axis] >= size)
      return;
    shape.step[axis] = std::exchange(shape.stride[axis], 1);
    size = outputs;
  };
  skip(0, shape.H, shape.R, shape.P);
  skip(1, shape.W, shape.S, shape.Q);
}

static int64_t floorMod(int64_t a, int64_t b) { return (a % b + b) % b; }

SmallVector<Phase> ConvShape::phases(int axis) const {
  SmallVector<Phase> result;
  int64_t taps = axis == 0 ? R : S, step = spread[axis];
  for (int64_t output = 0; output < step; ++output) {
    // The first tap that meets an element, not a zero between two.
    int64_t tap = floorMod(spreadLow[axis] - output, step);
    int64_t element = (output - spreadLow[axis] + tap) / step;
    result.push_back({tap, std::max<int64_t>(0, ceilDiv(taps - tap, step)), element + low[axis]});
  }
  return result;
}

int64_t ConvShape::window(int axis) const {
  int64_t last = 0;
  for (const Phase &phase : phases(axis))
    if (phase.taps > 0)
      last = std::max(last, phase.place + (phase.taps - 1) * dilation[axis]);
  return last + 1;
}

/// Outputs of a convolution over elements that lie `spread` apart, in blocks that read a common window.
static void spreadApart(ConvShape &shape, ArrayRef<int64_t> spread) {
  for (int axis : {0, 1}) {
    shape.spread[axis] = spread[axis];
    shape.low[axis] = 0;
    int64_t first = 0;
    for (const Phase &phase : shape.phases(axis))
      if (phase.taps > 0)
        first = std::min(first, phase.place);
    shape.low[axis] = -first;
  }
  shape.P = ceilDiv(shape.P, spread[0]);
  shape.Q = ceilDiv(shape.Q, spread[1]);
}

ConvShape kernel::shapeOf(fused::ConvOp conv) {
  ConvShape shape = commonShape(conv);
  ArrayRef<int64_t> weight = conv.getWeightShape(), high = conv.getHigh();
  shape.K = conv.getOutputs() / shape.groups;
  shape.R = conv.getWinograd() ? 3 : weight[2];
  shape.S = conv.getWinograd() ? 3 : weight[3];
  SmallVector<int64_t> spread(conv.getSpread().value_or(ArrayRef<int64_t>{1, 1}));
  auto outputs = [&](int axis, int64_t size, int64_t kernel) {
    size = (size - 1) * spread[axis] + 1;
    return (size + shape.low[axis] + high[axis] - shape.dilation[axis] * (kernel - 1) - 1) / shape.stride[axis] + 1;
  };
  shape.P = outputs(0, shape.H, shape.R);
  shape.Q = outputs(1, shape.W, shape.S);
  shape.element = conv.getStore().getArgument(conv.getResultRank()).getType();
  skipUnread(shape);
  shape.outputs[0] = shape.P;
  shape.outputs[1] = shape.Q;
  if (conv.getSpread())
    spreadApart(shape, spread);
  return shape;
}

ConvShape kernel::shapeOf(fused::ConvDwOp conv) {
  ConvShape shape = commonShape(conv);
  ArrayRef<int64_t> y = conv.getResultExtents();
  shape.K = y[1] / shape.groups;
  shape.P = y[2];
  shape.Q = y[3];
  shape.R = conv.getWeightShape()[2];
  shape.S = conv.getWeightShape()[3];
  shape.outputs[0] = shape.P;
  shape.outputs[1] = shape.Q;
  shape.element = conv.getSumType().getElementType();
  skipUnread(shape);
  return shape;
}

/// Images of a block at most.
static constexpr int64_t maxImagesOfBlock = 16;

WinogradBlocks kernel::winogradBlocks(const ConvShape &shape, int64_t m, int64_t leastTiles) {
  WinogradBlocks blocks{};
  blocks.m = m;
  blocks.edge = m + 2;
  blocks.tileRows = ceilDiv(shape.P, m);
  blocks.tileColumns = ceilDiv(shape.Q, m);
  blocks.bandRows = fittingDivisor(blocks.tileRows, ceilDiv(leastTiles, blocks.tileColumns));
  blocks.images = 1;
  if (blocks.bandRows == blocks.tileRows)
    blocks.images = std::clamp<int64_t>(leastTiles / blocks.tilesPerImage(), 1, maxImagesOfBlock);
  blocks.blockC = fused::winogradBlock(shape.C);
  blocks.blockK = fused::winogradBlock(shape.K);
  return blocks;
}

SmallVector<Tile> kernel::tilesFor(TileKind kind, const Target &target, int64_t vectors, fused::ScheduleAttr said) {
  if (said && said.getRows())
    return {Tile{unsigned(said.getVectors()), unsigned(said.getRows())}};
  SmallVector<Tile> tiles;
#define TILE(KIND, REGISTERS, VECTORS, ROWS)                                                                           \
  if (kind == TileKind::KIND && target.registers() >= REGISTERS && vectors % VECTORS == 0)                             \
    tiles.push_back({VECTORS, ROWS});
#include "FusedToKernel/Schedules.def"
  return tiles;
}

Tile kernel::tileFor(TileKind kind, const Target &target, int64_t vectors, fused::ScheduleAttr said) {
  return tilesFor(kind, target, vectors, said)[0];
}

BlockKind kernel::blockKindOf(const ConvShape &shape) {
  return shape.R * shape.S == 1 ? BlockKind::ConvDwOfOneTap : BlockKind::ConvDw;
}

BlockKind kernel::winogradBlockKindOf(fused::ConvOp conv) {
  constexpr int64_t mostBytes = 2 << 20;
  ConvShape shape = shapeOf(conv);
  int64_t edge = *conv.getWinograd() + 2, weights = shape.groups * shape.K * shape.C;
  bool areFew = weights * edge * edge * shape.element.getIntOrFloatBitWidth() / 8 <= mostBytes;
  return conv.hasTransformedWeight() || areFew ? BlockKind::WinogradKept : BlockKind::WinogradParts;
}

int64_t kernel::blockFor(BlockKind kind, fused::ScheduleAttr said) {
  if (said && said.getBlock())
    return said.getBlock();
#define BLOCK(KIND, SIZE)                                                                                              \
  if (kind == BlockKind::KIND)                                                                                         \
    return SIZE;
#include "FusedToKernel/Schedules.def"
  llvm_unreachable("each kind has a line");
}

int64_t kernel::cacheBytes(CacheLevel level) {
#define CACHE(LEVEL, BYTES)                                                                                            \
  if (level == CacheLevel::LEVEL)                                                                                      \
    return BYTES;
#include "FusedToKernel/Schedules.def"
  llvm_unreachable("each level has a line");
}

bool kernel::hasFewOutputs(const ConvShape &shape, unsigned lanes) {
  return shape.K <= fewOutputs && shape.run() % lanes == 0;
}

bool kernel::isProduct(const ConvShape &shape, unsigned lanes) {
  bool isPixel = llvm::all_of(ArrayRef<int64_t>{shape.outputs[0], shape.outputs[1], shape.R, shape.S, shape.H, shape.W},
                              [](int64_t extent) { return extent == 1; });
  return isPixel && shape.low[0] == 0 && shape.low[1] == 0 && !hasFewOutputs(shape, lanes);
}

unsigned kernel::outputLanes(const ConvShape &shape, const Target &target) {
  return std::min<uint64_t>(target.lanes(shape.element), llvm::PowerOf2Ceil(shape.K));
}

bool kernel::hasSmallGroups(const ConvShape &shape, const Target &target) {
  int64_t lanes = target.lanes(shape.element);
  if (shape.groups == 1)
    return false;
  return shape.K < lanes ? 2 * shape.K <= lanes && shape.C <= inputVectors * shape.K
                         : shape.K % lanes == 0 && shape.C <= inputVectors;
}

ConvShape kernel::channelBlock(const ConvShape &shape, unsigned lanes, int64_t parts) {
  int64_t elementBytes = shape.element.getIntOrFloatBitWidth() / 8;
  int64_t bytes = shape.taps() * shape.K * elementBytes;
  int64_t limit = std::min(blockBytes, ceilDiv(bytes * parts, leastItems));
  if (bytes <= limit)
    return shape;
  ConvShape best = shape;
  double least = 0;
  for (int64_t c = 1; c <= shape.C; ++c)
    for (int64_t k = lanes; k <= shape.K; k += lanes) {
      if (shape.C % c || shape.K % k || c * k * shape.R * shape.S * elementBytes > limit)
        continue;
      double cost = double(c * shape.H * shape.W + k * shape.P * shape.Q) / double(c * k);
      if (least == 0 || cost < least) {
        least = cost;
        best.C = c;
        best.K = k;
      }
    }
  return best;
}

int64_t kernel::rowsPerBand(const ConvShape &shape, int64_t channels, int64_t leastPixels) {
  if (leastPixels > 0 && shape.window(0) == 1)
    return fittingDivisor(shape.P, ceilDiv(leastPixels, shape.Q));
  int64_t rowBytes = shape.columns() * channels * shape.element.getIntOrFloatBitWidth() / 8;
  int64_t rows = shape.P;
  for (int64_t bands = 2; rows > 1 && shape.rowsFor(rows) * rowBytes > bandBytes; ++bands)
    rows = ceilDiv(shape.P, bands);
  return rows;
}

/// For one term of the sums of a tile: two multiply-adds and two loads a cycle, a latency of four, and the loop itself.
/// A vector of weights that is far away, in the second-level cache, takes two cycles and a half.
static double cyclesOf(int64_t pixels, int64_t vectors, bool isFar) {
  double farLoads = isFar ? 2.5 * vectors : 0.0;
  return std::max({pixels * vectors / 2.0, (pixels + vectors) / 2.0, farLoads, 4.0}) + 2.0;
}

/// The tile of at most `size.rows` pixels with which a term takes least cycles, and these.
static std::pair<PixelTile, double> bestPixels(int64_t rows, int64_t columns, Tile size, bool isFar, bool isExact) {
  PixelTile best{1, 1};
  double least = 0;
  for (int64_t width = 1; width <= std::min<int64_t>(columns, size.rows); ++width)
    for (int64_t height = 1; height <= rows && height * width <= size.rows; ++height) {
      if (isExact && (rows % height || columns % width))
        continue;
      double cost = cyclesOf(height * width, size.vectors, isFar) * ceilDiv(rows, height) * ceilDiv(columns, width);
      if (least == 0 || cost < least) {
        least = cost;
        best = {height, width};
      }
    }
  return {best, least};
}

PixelTile kernel::pixelTile(int64_t rows, int64_t columns, Tile size, bool isExact) {
  return bestPixels(rows, columns, size, /*isFar=*/false, isExact).first;
}

ProductTile kernel::productTile(ArrayRef<Tile> tiles, int64_t vectors, int64_t rows, int64_t columns,
                                int64_t vectorBytes, bool isExact) {
  ProductTile best{};
  for (Tile size : tiles) {
    bool isFar = size.vectors * vectorBytes > nearBytes;
    double cycles = bestPixels(rows, columns, size, isFar, isExact).second * vectors / size.vectors;
    if (best.cycles == 0 || cycles < best.cycles)
      best = {size, cycles};
    // All outputs of a pixel at once take one pass over x, and over the results.
    if (size.vectors == vectors)
      break;
  }
  return best;
}

int64_t kernel::fittingDivisor(int64_t n, int64_t limit) {
  for (int64_t divisor = std::min(n, limit); divisor * 2 >= limit; --divisor)
    if (n % divisor == 0)
      return divisor;
  return std::min(n, limit);
}

int64_t kernel::largestDivisor(int64_t n, int64_t limit) {
  int64_t divisor = std::min(n, limit);
  while (n % divisor)
    --divisor;
  return divisor;
}
