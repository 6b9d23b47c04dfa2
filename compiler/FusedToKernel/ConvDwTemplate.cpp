//===- ConvDwTemplate.cpp - Weight gradients of convolutions --------------===//
//
// An item is a part of the batch. Both operands of an image are staged, or of several
// small images; then, for blocks of pixels that fit in the first-level cache, tiles of
// weights times output channels are summed in registers over the pixels of the block,
// and added to the part's weight gradient in scratch memory. Groups of channels are
// convolutions of their own, one after another.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/MicroKernel.h"
#include "FusedToKernel/Prefetch.h"
#include "FusedToKernel/Staging.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Pixels over which a tile is summed before it goes back to memory.
constexpr int64_t pixelsPerBlock = 64;
/// Weight gradients of this size do not stay in the second-level cache: they are read and written again for so many
/// pixels at least, if so many images have them.
constexpr int64_t largeWeightBytes = 512 * 1024, pixelsPerUpdate = 128, maxImages = 8;

class ConvDwEmitter {
public:
  ConvDwEmitter(KernelFunction &kernel, fused::ConvDwOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv)),
        result(resultsOf(kernel, conv)[0]), fullLanes(kernel.getTarget().lanes(shape.element)),
        isSwapped(hasFewOutputs(shape, fullLanes)),
        lanes(isSwapped ? fullLanes : outputLanes(shape, kernel.getTarget())),
        paddedK(isSwapped ? shape.K : roundUp(shape.K, lanes)), bandRows(rowsPerBand(shape, shape.C)),
        blockRows(largestDivisor(bandRows, std::max<int64_t>(1, pixelsPerBlock / shape.Q))), images(imagesPerUpdate()),
        x(kernel, shape.element,
          {shape.rowsFor(bandRows),
           shape.columns(),
           shape.C,
           shape.H,
           shape.W,
           {shape.low[0], shape.low[1]},
           shape.C,
           images,
           bandRows == shape.P}),
        y(kernel, shape.element,
          {bandRows, shape.Q, paddedK, shape.P, shape.Q, {0, 0}, shape.K, images, bandRows == shape.P}),
        sums(kernel.scratch(shape.taps() * paddedK, shape.element)) {
    // Where y is broadcast, its channels are the rows of the sums.
    streams = streamsOf(conv.getLoadX(), inputs, 4, shape.P * shape.Q, /*ahead=*/images);
    streams.append(streamsOf(conv.getLoadY(), inputs, 4, shape.P * shape.Q, /*ahead=*/images));
    sums.strides = isSwapped ? SmallVector<int64_t>{1, shape.taps()} : SmallVector<int64_t>{paddedK, 1};
  }

  Work run() {
    Work work;
    work.items = conv.getParts();
    x.clear();
    y.clear();
    Value part = nest.open(kernel.begin(), kernel.end());
    unsigned partLevel = nest.depth();
    forBlocks(nest, shape.groups, 1, [&](Value number) {
      group = number;
      clearSums();
      addImages(part);
      writeResult(Lanes{part, partLevel});
    });
    nest.close();
    return work;
  }

private:
  /// Adds the images of a part to the sums of a group.
  void addImages(Value part) {
    IndexMath math = nest.math();
    Value all = kernel.integer(inputs.firstExtent);
    auto bound = [&](Value number) { return math.floorDiv(math.mul(number, all), conv.getParts()); };
    Value end = bound(math.add(part, 1));
    imageNumber = nest.open(bound(part), end, images);
    Value count = nest.math().min(nest.math().constant(images), nest.math().sub(end, imageNumber));
    // Bands are disjoint; what is beyond the last row is staged as zeros.
    Value band = nest.open(0, shape.P, bandRows);
    stageImages(count, band);
    Value row = nest.open(0, bandRows, blockRows);
    firstPixel = nest.math().mul(nest.math().add(band, row), shape.Q);
    emitBlock(row);
    nest.close();
    nest.close();
    nest.close();
  }

  int64_t imagesPerUpdate() const {
    int64_t weightBytes = shape.taps() * paddedK * shape.element.getIntOrFloatBitWidth() / 8;
    if (isSwapped || bandRows < shape.P || blockRows < shape.P || weightBytes <= largeWeightBytes)
      return 1;
    return std::min(maxImages, ceilDiv(pixelsPerUpdate, shape.P * shape.Q));
  }

  /// The rows of a band of `count` images; the place of one that is not there adds nothing: its y is zero.
  void stageImages(Value count, Value band) {
    IndexMath math = nest.math();
    Value start = math.mul(band, shape.stride[0]), input = math.mul(group, shape.C), output = math.mul(group, shape.K);
    if (images == 1) {
      Lanes n{imageNumber, nest.depth() - 1};
      x.stage(conv.getLoadX(), inputs, n, start, input, math.constant(0));
      return y.stage(conv.getLoadY(), inputs, n, band, output, math.constant(0));
    }
    Value place = nest.open(math.constant(0), count);
    IndexMath inside = nest.math();
    Lanes n{inside.add(imageNumber, place), nest.depth()};
    x.stage(conv.getLoadX(), inputs, n, start, input, inside.mul(place, x.elements()));
    y.stage(conv.getLoadY(), inputs, n, band, output, inside.mul(place, y.elements()));
    nest.close();
    y.clear(math.mul(count, y.elements()), math.constant(images * y.elements()));
  }

  void clearSums() {
    int64_t length = shape.taps() * paddedK;
    forLanes(kernel, nest.math().constant(0), nest.math().constant(length), length, lanes,
             [&](Value index, unsigned width) {
               LaneMath math(kernel, width);
               OpBuilder builder = nest.at(0);
               Value zero = arith::ConstantOp::create(builder, nest.getLoc(), builder.getZeroAttr(shape.element));
               math.store({sums.memref, shape.element, {1}}, {Lanes{index, nest.depth(), width > 1}}, Lanes{zero});
             });
  }

  /// Loops over the pixels of a block, both operands moving along.
  SmallVector<ContractionLoop> pixelLoops(bool isYFirst) const {
    int64_t xRow = shape.stride[0] * x.rowStride(), xPixel = shape.stride[1] * shape.C;
    int64_t yRow = y.rowStride(), yPixel = y.pixelStride();
    if (isYFirst)
      return {{blockRows, yRow, xRow}, {shape.Q, yPixel, xPixel}};
    return {{images, x.elements(), y.elements()}, {blockRows, xRow, yRow}, {shape.Q, xPixel, yPixel}};
  }

  /// Calls `body` for the start of each run of weights that lie side by side, both in the
  /// gradient and, from the window of a pixel, in x.
  void forRuns(function_ref<void(Value weight, Value window)> body) {
    Value r = nest.open(0, shape.R), s = nest.open(0, shape.runs());
    IndexMath math = nest.math();
    body(math.add(math.mul(r, shape.S * shape.C), math.mul(s, shape.C)),
         math.add(math.mul(r, shape.dilation[0] * x.rowStride()), math.mul(s, shape.dilation[1] * shape.C)));
    nest.close();
    nest.close();
  }

  void emitBlock(Value row) {
    IndexMath math = nest.math();
    Value xPlace = math.mul(row, shape.stride[0] * x.rowStride()), yPlace = math.mul(row, y.rowStride());
    if (isSwapped)
      return emitSwapped(xPlace, yPlace);
    Tile size = tileFor(TileKind::ConvDw, kernel.getTarget(), paddedK / lanes);
    if (shape.taps() <= size.rows)
      return emitChannelLoop(size, xPlace, yPlace, nest.math().constant(0), allTaps());
    forRuns([&](Value weight, Value window) {
      int64_t rows = fittingDivisor(shape.run(), size.rows), covered = shape.run() / rows * rows;
      Value start = nest.open(0, covered, rows);
      IndexMath math = nest.math();
      emitChannelLoop(size, math.add(math.add(xPlace, window), start), yPlace, math.add(weight, start),
                      consecutive(rows));
      nest.close();
      if (covered < shape.run()) {
        IndexMath rest = nest.math();
        emitChannelLoop(size, rest.add(rest.add(xPlace, window), covered), yPlace, rest.add(weight, covered),
                        consecutive(shape.run() - covered));
      }
    });
  }

  static SmallVector<int64_t> consecutive(int64_t count) { return llvm::to_vector(llvm::seq<int64_t>(0, count)); }

  /// Places in x of all weights, from the window of a pixel.
  SmallVector<int64_t> allTaps() const {
    SmallVector<int64_t> offsets;
    for (int64_t r = 0; r < shape.R; ++r)
      for (int64_t s = 0; s < shape.S; ++s)
        for (int64_t c = 0; c < shape.C; ++c)
          offsets.push_back(r * shape.dilation[0] * x.rowStride() + s * shape.dilation[1] * shape.C + c);
    return offsets;
  }

  /// Tiles of the weights from `weight` on, for all output channels.
  void emitChannelLoop(Tile size, Value xPlace, Value yPlace, Value weight, ArrayRef<int64_t> offsets) {
    touchAhead(weight, offsets.size());
    Value k = nest.open(0, paddedK, size.vectors * lanes);
    IndexMath math = nest.math();
    OuterProduct product;
    product.scalars = x.getBuffer().memref;
    product.vectors = y.getBuffer().memref;
    product.scalarBase = xPlace;
    product.vectorBase = math.add(yPlace, k);
    product.scalarOffsets.assign(offsets.begin(), offsets.end());
    product.numVectors = size.vectors;
    product.lanes = lanes;
    product.loops = pixelLoops(/*isYFirst=*/false);
    SmallVector<Value> places;
    Value first = math.add(math.mul(weight, paddedK), k);
    for (size_t i = 0; i < offsets.size(); ++i)
      for (unsigned v = 0; v < size.vectors; ++v)
        places.push_back(math.add(first, int64_t(i) * paddedK + int64_t(v) * lanes));
    addTo(places, [&](ValueRange values) { return emitOuterProduct(nest, product, values); });
    nest.close();
  }

  /// The share of a tile of `rows` weights in what the next image needs.
  void touchAhead(Value weight, int64_t rows) {
    int64_t tiles = ceilDiv(shape.taps(), rows);
    IndexMath math = nest.math();
    Value part = math.add(math.mul(group, tiles), math.floorDiv(weight, rows));
    for (const ImageStream &stream : streams)
      stream.touch(nest, imageNumber, firstPixel, blockRows * shape.Q, part, shape.groups * tiles);
  }

  /// Few output channels: vectors of weights, times a broadcast y.
  void emitSwapped(Value xPlace, Value yPlace) {
    int64_t vectorsInRun = shape.run() / lanes;
    forRuns([&](Value weight, Value window) {
      forVectors(vectorsInRun, [&](Value start, unsigned vectors) {
        IndexMath math = nest.math();
        OuterProduct product;
        product.scalars = y.getBuffer().memref;
        product.vectors = x.getBuffer().memref;
        product.scalarBase = yPlace;
        product.vectorBase = math.add(math.add(xPlace, window), start);
        product.scalarOffsets = consecutive(shape.K);
        product.numVectors = vectors;
        product.lanes = lanes;
        product.loops = pixelLoops(/*isYFirst=*/true);
        SmallVector<Value> places;
        for (int64_t k = 0; k < shape.K; ++k)
          for (unsigned v = 0; v < vectors; ++v)
            places.push_back(math.add(math.add(weight, start), k * shape.taps() + int64_t(v) * lanes));
        addTo(places, [&](ValueRange values) { return emitOuterProduct(nest, product, values); });
      });
    });
  }

  /// A loop over the starts of groups of vectors; as many in a group as registers allow.
  void forVectors(int64_t count, function_ref<void(Value start, unsigned vectors)> body) {
    int64_t limit = std::max<int64_t>(1, (kernel.getTarget().registers() - 4) / (shape.K + 1));
    int64_t vectors = largestDivisor(count, limit);
    body(nest.open(0, count * lanes, vectors * lanes), vectors);
    nest.close();
  }

  void addTo(ArrayRef<Value> places, function_ref<SmallVector<Value>(ValueRange)> add) {
    SmallVector<Value> values =
        llvm::map_to_vector(places, [&](Value place) { return loadVector(nest, sums.memref, place, lanes); });
    for (auto [value, place] : llvm::zip_equal(add(values), places))
      storeVector(nest, value, sums.memref, place);
  }

  /// Copies the sums of a part to their place in the result, [K][C][taps].
  void writeResult(const Lanes &part) {
    int64_t taps = shape.R * shape.S, ofGroup = shape.K * shape.taps();
    Buffer rows{result.memref, result.element, {shape.groups * ofGroup, ofGroup, shape.taps(), taps, 1}};
    Lanes ofAll{group, nest.depth()};
    Buffer given{sums.memref, sums.element, {sums.strides[1], sums.strides[0], shape.C * sums.strides[0]}};
    forLanes(kernel, nest.math().constant(0), nest.math().constant(shape.K), shape.K, lanes,
             [&](Value index, unsigned width) {
               Lanes k{index, nest.depth(), width > 1};
               Lanes c{nest.open(0, shape.C), nest.depth()}, tap{nest.open(0, taps), nest.depth()};
               LaneMath math(kernel, width);
               math.store(rows, {part, ofAll, k, c, tap}, math.load(given, {k, c, tap}, nest.depth()));
               nest.close();
               nest.close();
             });
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvDwOp conv;
  ConvShape shape;
  PointInputs inputs;
  Buffer result;
  unsigned fullLanes;
  bool isSwapped;
  unsigned lanes;
  int64_t paddedK, bandRows, blockRows, images;
  StagedImage x, y;
  Buffer sums;
  SmallVector<ImageStream> streams;
  Value group, imageNumber, firstPixel;
};

} // namespace

Work kernel::emitConvDw(KernelFunction &kernel, fused::ConvDwOp conv) { return ConvDwEmitter(kernel, conv).run(); }
