//===- ConvTemplate.cpp - Convolutions, forward and input gradient --------===//
//
// An item is an image. Its operand is staged in bands of padded rows
// [rows][columns][C]; from there tiles of pixels times output channels are summed
// in registers, over all taps and input channels; `store` runs over a few finished
// rows at a time, while their sums are in the first-level cache. Groups of
// channels are convolutions of their own, one after another.
//
// Where weights are larger than the second-level cache, they are taken in blocks of
// input channels times output channels, each copied once, in the order of its use, for
// all pixels of a band; of small images an item has several, so that these are many.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Accumulate.h"
#include "FusedToKernel/ConvResults.h"
#include "FusedToKernel/MicroKernel.h"
#include "FusedToKernel/Prefetch.h"
#include "FusedToKernel/Staging.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Weights that fit in the first-level cache are read again for every few rows; larger
/// ones are read for this many pixels.
constexpr int64_t smallWeightBytes = 48 * 1024, pixelsPerGroup = 256;
/// Weights from this size on are taken in blocks of so many input channels, for so many pixels at least if so many
/// images have them.
constexpr int64_t largeWeightBytes = 512 * 1024, channelsPerBlock = 128, pixelsPerBlock = 128, maxImages = 8;

class ConvEmitter {
public:
  ConvEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv, 1)),
        fullLanes(kernel.getTarget().lanes(shape.element)), isDot(hasFewOutputs(shape, fullLanes)),
        lanes(isDot ? 1 : outputLanes(shape, kernel.getTarget())), paddedK(roundUp(shape.K, lanes)),
        size(isDot ? Tile{1, 1} : tileFor(TileKind::Conv, kernel.getTarget(), paddedK / lanes)), blockC(channelBlock()),
        bandRows(isBlocked() ? rowsOf(pixelsPerGroup) : rowsPerBand(shape, shape.C)), groupRows(rowsPerGroup()),
        images(imagesPerItem()), image(kernel, shape.element,
                                       {shape.rowsFor(bandRows),
                                        shape.columns(),
                                        blockC,
                                        shape.H,
                                        shape.W,
                                        {shape.low[0], shape.low[1]},
                                        blockC,
                                        images,
                                        bandRows == shape.P}),
        results(kernel, conv, inputs, {images, groupRows, shape.Q, paddedK, shape.K}), sums(results.getSums()) {
    int64_t pixels = shape.P * shape.Q;
    streams = streamsOf(conv.getLoad(), inputs, 4, pixels, /*ahead=*/images);
    streams.append(results.streams());
  }

  Work run() {
    image.clear();
    isBlocked() ? runBlocked() : runWhole();
    Work work;
    work.rowsPerItem = images;
    if (bandRows == shape.P && bandRows % groupRows == 0 && shape.groups == 1)
      work.inPlace = results.inPlacePairs();
    return work;
  }

private:
  int64_t weightBytes() const { return shape.taps() * paddedK * shape.element.getIntOrFloatBitWidth() / 8; }
  bool isBlocked() const {
    return !isDot && shape.groups == 1 && paddedK == shape.K && weightBytes() > largeWeightBytes;
  }

  int64_t channelBlock() const {
    if (!isBlocked())
      return shape.C;
    int64_t divisor = largestDivisor(shape.C, channelsPerBlock);
    return 2 * divisor >= std::min(shape.C, channelsPerBlock) ? divisor : shape.C;
  }

  int64_t rowsOf(int64_t pixels) const {
    return fittingDivisor(shape.P, std::max<int64_t>(1, ceilDiv(pixels, shape.Q)));
  }

  int64_t rowsPerGroup() const {
    if (isBlocked())
      return bandRows;
    int64_t pixels = weightBytes() <= smallWeightBytes ? 4 * fullLanes : pixelsPerGroup;
    return fittingDivisor(bandRows, std::max<int64_t>(1, ceilDiv(pixels, shape.Q)));
  }

  int64_t imagesPerItem() const {
    if (!isBlocked() || bandRows < shape.P)
      return 1;
    return std::min(maxImages, ceilDiv(pixelsPerBlock, shape.P * shape.Q));
  }

  /// Image by image, all weights at hand.
  void runWhole() {
    packWeights();
    Lanes n{nest.open(kernel.begin(), kernel.end()), nest.depth()};
    imageNumber = n.value;
    Lanes only{nest.math(0).constant(0)};
    forBlocks(nest, shape.groups, 1, [&](Value number) {
      group = number;
      Value input = nest.math().mul(group, shape.C), output = nest.math().mul(group, shape.K);
      firstWeight = nest.math().mul(group, shape.taps() * paddedK);
      forBlocks(nest, shape.P, bandRows, [&](Value band) {
        Value start = nest.math().mul(band, shape.stride[0]);
        image.stage(conv.getLoad(), inputs, n, start, input, nest.math(0).constant(0));
        forBlocks(nest, bandRows, groupRows, [&](Value row) {
          firstRow = nest.math().add(band, row);
          isDot ? emitDots(row) : emitTiles(row);
          results.emit(n, only, firstRow, nest.math().constant(groupRows), output);
        });
      });
    });
    nest.close();
  }

  /// A few images at a time, and one block of weights after the other.
  void runBlocked() {
    givenWeights = kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()));
    givenWeights.strides = {shape.K, 1};
    weightRow = size.vectors * lanes;
    weights = kernel.scratch(shape.R * shape.S * blockC * weightRow, shape.element);
    group = nest.math().constant(0);
    Value item = nest.open(kernel.begin(), kernel.end());
    firstImage = nest.math().mul(item, images);
    imageCount =
        nest.math().min(nest.math().constant(images), nest.math().sub(kernel.integer(inputs.firstExtent), firstImage));
    forBlocks(nest, shape.P, bandRows, [&](Value band) {
      firstRow = band;
      if (blockC < shape.C)
        clearSums();
      forBlocks(nest, shape.C, blockC, [&](Value channel) {
        forImages([&](const Lanes &n, const Lanes &place) {
          Value start = nest.math().mul(place.value, image.elements());
          image.stage(conv.getLoad(), inputs, n, nest.math().mul(band, shape.stride[0]), channel, start);
        });
        forBlocks(nest, paddedK, weightRow, [&](Value k) { emitBlock(channel, k); });
      });
      forImages(
          [&](const Lanes &n, const Lanes &place) { results.emit(n, place, band, nest.math().constant(groupRows)); });
    });
    nest.close();
  }

  /// A loop over the images of an item: their numbers, and their places in scratch memory.
  void forImages(function_ref<void(const Lanes &n, const Lanes &place)> body) {
    if (images == 1) {
      imageNumber = firstImage;
      return body(Lanes{firstImage, 1}, Lanes{nest.math(0).constant(0)});
    }
    Value place = nest.open(nest.math().constant(0), imageCount);
    imageNumber = nest.math().add(firstImage, place);
    body(Lanes{imageNumber, nest.depth()}, Lanes{place, nest.depth()});
    nest.close();
  }

  /// What `channel` and those after it add to the sums of `k` and those after it.
  void emitBlock(Value channel, Value k) {
    copyBlock(channel, k);
    PixelTile tile = pixelTile(shape, groupRows, size.rows, size.vectors);
    forImages([&](const Lanes &, const Lanes &place) {
      forPixelTiles(tile, [&](Value row, Value column) {
        IndexMath math = nest.math();
        Value window = math.add(math.mul(place.value, image.elements()), windowAt(row, column));
        Value sum = math.add(math.mul(place.value, sums.strides[0]), sumPlace(row, column));
        touchAhead(tile, row, column, channel, k);
        emitTile(tile, window, math.constant(0), math.add(sum, k), /*addsUp=*/blockC < shape.C);
      });
    });
  }

  /// The weights of a block, one after another as they are used.
  void copyBlock(Value channel, Value k) {
    Value tap = nest.open(0, shape.R * shape.S);
    Value c = nest.open(0, blockC);
    IndexMath math = nest.math();
    Value from = math.add(math.mul(math.add(math.add(math.mul(tap, shape.C), channel), c), shape.K), k);
    Value to = math.mul(math.add(math.mul(tap, blockC), c), weightRow);
    for (unsigned v = 0; v < size.vectors; ++v)
      storeVector(nest, loadVector(nest, givenWeights.memref, math.add(from, int64_t(v) * lanes), lanes),
                  weights.memref, math.add(to, int64_t(v) * lanes));
    nest.close();
    nest.close();
  }

  //===--------------------------------------------------------------------===//
  // Weights
  //===--------------------------------------------------------------------===//

  /// Where a tap and input channel has its K weights one after another, they are
  /// used in place; else they are copied, group by group, rows padded to whole vectors
  /// or, for dot products, one output channel after the other.
  void packWeights() {
    auto type = cast<RankedTensorType>(conv.getWeight().getType());
    weights = kernel.tensor(0, type);
    weightRow = shape.K;
    if (shape.groups == 1 && paddedK == shape.K && (!isDot || shape.K == 1))
      return;
    int64_t taps = shape.taps(), ofGroup = taps * paddedK;
    Buffer given{weights.memref, shape.element, {shape.K, shape.groups * shape.K, 1}};
    weightRow = isDot ? 1 : paddedK;
    weights = kernel.scratch(shape.groups * ofGroup, shape.element);
    weights.strides = isDot ? SmallVector<int64_t>{ofGroup, 1, taps} : SmallVector<int64_t>{ofGroup, paddedK, 1};
    Lanes group{nest.open(0, shape.groups), nest.depth()}, tap{nest.open(0, taps), nest.depth()};
    forLanes(kernel, nest.math().constant(0), nest.math().constant(shape.K), shape.K, isDot ? 1 : lanes,
             [&](Value k, unsigned width) {
               LaneMath math(kernel, width);
               SmallVector<Lanes> at = {group, tap, Lanes{k, nest.depth(), width > 1}};
               math.store(weights, at, math.load(given, at));
             });
    nest.close();
    nest.close();
  }

  //===--------------------------------------------------------------------===//
  // Sums
  //===--------------------------------------------------------------------===//

  /// Loops over the taps and staged channels of one pixel's window.
  SmallVector<ContractionLoop> contraction(int64_t unit, int64_t weightStep) const {
    int64_t runs = shape.dilation[1] == 1 ? 1 : shape.S, run = shape.S / runs * blockC;
    SmallVector<ContractionLoop> loops;
    loops.push_back({shape.R, shape.dilation[0] * image.rowStride(), shape.S * blockC * weightStep});
    loops.push_back({runs, shape.dilation[1] * blockC, blockC * weightStep});
    loops.push_back({run / unit, unit, unit * weightStep});
    return loops;
  }

  /// Place of the first tap of an output pixel in the staged rows.
  Value windowAt(Value row, Value column) {
    IndexMath math = nest.math();
    return math.add(math.mul(row, shape.stride[0] * image.rowStride()), math.mul(column, shape.stride[1] * blockC));
  }

  SmallVector<int64_t> pixelOffsets(PixelTile tile) const {
    SmallVector<int64_t> offsets;
    for (int64_t row = 0; row < tile.rows; ++row)
      for (int64_t column = 0; column < tile.columns; ++column)
        offsets.push_back(row * shape.stride[0] * image.rowStride() + column * shape.stride[1] * blockC);
    return offsets;
  }

  Value sumPlace(Value row, Value column) {
    IndexMath math = nest.math();
    return math.add(math.mul(row, shape.Q * paddedK), math.mul(column, paddedK));
  }

  void forPixelTiles(PixelTile tile, function_ref<void(Value row, Value column)> body) {
    forBlocks(nest, groupRows, tile.rows,
              [&](Value row) { forBlocks(nest, shape.Q, tile.columns, [&](Value column) { body(row, column); }); });
  }

  void emitTiles(Value top) {
    PixelTile tile = pixelTile(shape, groupRows, size.rows, size.vectors);
    Value channel = nest.math().constant(0);
    forBlocks(nest, paddedK, size.vectors * lanes, [&](Value k) {
      forPixelTiles(tile, [&](Value row, Value column) {
        touchAhead(tile, row, column, channel, k);
        Value sum = nest.math().add(sumPlace(row, column), k);
        Value window = windowAt(nest.math().add(top, row), column);
        emitTile(tile, window, nest.math().add(firstWeight, k), sum, /*addsUp=*/false);
      });
    });
  }

  /// One tile: `window` of its first pixel, the first weight, and the place of its first sum.
  void emitTile(PixelTile tile, Value window, Value weight, Value first, bool addsUp) {
    IndexMath math = nest.math();
    OuterProduct product;
    product.scalars = image.getBuffer().memref;
    product.vectors = weights.memref;
    product.scalarBase = window;
    product.vectorBase = weight;
    product.scalarOffsets = pixelOffsets(tile);
    product.numVectors = size.vectors;
    product.lanes = lanes;
    product.loops = contraction(1, weightRow);
    SmallVector<Value> places;
    for (int64_t y = 0; y < tile.rows; ++y)
      for (int64_t x = 0; x < tile.columns; ++x)
        for (unsigned v = 0; v < size.vectors; ++v)
          places.push_back(math.add(first, (y * shape.Q + x) * paddedK + int64_t(v) * lanes));

    SmallVector<Value> values = zeroVectors(nest, shape.element, lanes, places.size());
    if (addsUp)
      values = llvm::map_to_vector(places, [&](Value place) { return loadVector(nest, sums.memref, place, lanes); });
    values = emitOuterProduct(nest, product, values);
    for (auto [value, place] : llvm::zip_equal(values, places))
      storeVector(nest, value, sums.memref, place);
  }

  /// A tile's share of what will be read and written soon.
  void touchAhead(PixelTile tile, Value row, Value column, Value channel, Value k) {
    IndexMath math = nest.math();
    Value pixel = math.add(math.mul(math.add(firstRow, row), shape.Q), column);
    int64_t channels = shape.C / blockC, blocks = paddedK / (size.vectors * lanes);
    Value part =
        math.add(math.mul(math.floorDiv(channel, blockC), blocks), math.floorDiv(k, int64_t(size.vectors) * lanes));
    part = math.add(math.mul(group, channels * blocks), part);
    for (const ImageStream &stream : streams)
      stream.touch(nest, imageNumber, pixel, tile.rows * tile.columns, part, shape.groups * channels * blocks);
  }

  void clearSums() {
    int64_t length = images * groupRows * shape.Q * paddedK;
    Value index = nest.open(0, length, lanes);
    storeVector(nest, zeroVectors(nest, shape.element, lanes, 1)[0], sums.memref, index);
    nest.close();
  }

  /// Few output channels: the lanes are input channels, summed up at the end.
  void emitDots(Value top) {
    unsigned pixels = std::max<int64_t>(1, 8 / shape.K);
    PixelTile tile = pixelTile(shape, groupRows, pixels, shape.K);
    forPixelTiles(tile, [&](Value row, Value column) {
      IndexMath math = nest.math();
      InnerProduct product;
      product.a = image.getBuffer().memref;
      product.b = weights.memref;
      product.aBase = windowAt(math.add(top, row), column);
      product.bBase = firstWeight;
      product.aOffsets = pixelOffsets(tile);
      for (int64_t k = 0; k < shape.K; ++k)
        product.bOffsets.push_back(k * shape.taps());
      product.lanes = fullLanes;
      product.loops = contraction(fullLanes, 1);
      size_t count = product.aOffsets.size() * shape.K;
      SmallVector<Value> values = emitInnerProduct(nest, product, zeroVectors(nest, shape.element, fullLanes, count));
      Value first = sumPlace(row, column);
      for (auto [number, value] : llvm::enumerate(values)) {
        int64_t pixel = number / shape.K, y = pixel / tile.columns, x = pixel % tile.columns;
        Value place = nest.math().add(first, (y * shape.Q + x) * paddedK + int64_t(number % shape.K));
        OpBuilder builder = nest.here();
        memref::StoreOp::create(builder, nest.getLoc(), sumOfLanes(builder, nest.getLoc(), value), sums.memref, place);
      }
    });
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  ConvShape shape;
  PointInputs inputs;
  unsigned fullLanes;
  bool isDot;
  unsigned lanes; ///< Output channels in a vector of sums.
  int64_t paddedK;
  Tile size;
  int64_t blockC; ///< Input channels that are staged at a time.
  int64_t bandRows, groupRows, images;
  StagedImage image;
  ConvResults results;
  const Buffer &sums;
  Buffer weights, givenWeights;
  int64_t weightRow = 0;
  SmallVector<ImageStream> streams;
  Value firstImage, imageCount, imageNumber, group, firstRow, firstWeight;
};

} // namespace

Work kernel::emitConv(KernelFunction &kernel, fused::ConvOp conv) { return ConvEmitter(kernel, conv).run(); }
