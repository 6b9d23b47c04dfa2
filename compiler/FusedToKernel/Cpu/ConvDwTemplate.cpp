//===- ConvDwTemplate.cpp - Weight gradients of convolutions --------------===//
//
// An item is a part of the batch or, of a part, a group of channels, or of one group a
// block of input channels times output channels whose gradient stays in the second-level cache. Bands of x are staged,
// of an image or of several small ones; then, for blocks of pixels, a tile's output channels of y, which stay in the
// first-level cache while tiles of weights are summed in registers over the pixels of the block, and added to the
// item's gradient in scratch memory.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Cpu/MicroKernel.h"
#include "FusedToKernel/Cpu/Prefetch.h"
#include "FusedToKernel/Cpu/Staging.h"
#include "FusedToKernel/Cpu/Transpose.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// A block of pixels has at most so many images.
constexpr int64_t maxImages = 8;

class ConvDwEmitter {
public:
  ConvDwEmitter(KernelFunction &kernel, fused::ConvDwOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), whole(shapeOf(conv)),
        fullLanes(kernel.getTarget().lanes(whole.element)), isSwapped(hasFewOutputs(whole, fullLanes)),
        lanes(isSwapped ? fullLanes : outputLanes(whole, kernel.getTarget())),
        shape(isSwapped ? whole : channelBlock(whole, lanes, conv.getParts() * whole.groups)),
        inputs(inputsOf(kernel, conv)), result(resultsOf(kernel, conv)[0]),
        paddedK(isSwapped ? shape.K : roundUp(shape.K, lanes)), size(tileSize()),
        panelK(isSwapped || shape.K < paddedK ? paddedK : size.vectors * lanes),
        pixelsPerBlock(blockFor(blockKindOf(whole), conv.getScheduleAttr())),
        bandRows(rowsPerBand(shape, shape.C, pixelsPerBlock)),
        blockRows(largestDivisor(bandRows, std::max<int64_t>(1, pixelsPerBlock / shape.Q))), images(imagesPerUpdate()),
        x(kernel, shape.element, paddedX()), y(kernel, shape.element, panelOfY()),
        sums(kernel.scratch(shape.taps() * paddedK, shape.element)) {
    // Where y is broadcast, its channels are the rows of the sums.
    sums.strides = isSwapped ? SmallVector<int64_t>{1, shape.taps()} : SmallVector<int64_t>{paddedK, 1};
    if (shape.groups > 1 || shape.C < whole.C || shape.K < whole.K)
      return;
    int64_t pixels = shape.P * shape.Q;
    if (!shape.skipsPixels())
      streams = streamsOf(conv.getLoadX(), inputs, 4, pixels, /*ahead=*/images * bandRows * shape.Q);
    streams.append(streamsOf(conv.getLoadY(), inputs, 4, pixels, /*ahead=*/images * blockRows * shape.Q));
  }

  Work run() {
    int64_t blocksC = whole.C / shape.C, blocksK = whole.K / shape.K, parts = conv.getParts();
    x.clear();
    y.clear();
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    auto digit = [&](Value number, Value rest, int64_t count) { return math.sub(number, math.mul(rest, count)); };
    Value column = math.floorDiv(item, blocksK), ofAll = math.floorDiv(column, blocksC);
    Value part = math.floorDiv(ofAll, shape.groups), group = digit(ofAll, part, shape.groups);
    firstK = math.add(math.mul(group, whole.K), math.mul(digit(item, column, blocksK), shape.K));
    channel = math.mul(digit(column, ofAll, blocksC), shape.C);
    firstC = math.add(math.mul(group, whole.C), channel);
    clearSums();
    Value all = kernel.integer(inputs.firstExtent);
    auto bound = [&](Value number) { return math.floorDiv(math.mul(number, all), parts); };
    Value end = bound(math.add(part, 1));
    imageNumber = nest.open(bound(part), end, images);
    imageLevel = nest.depth();
    imageCount = nest.math().min(nest.math().constant(images), nest.math().sub(end, imageNumber));
    // Bands are disjoint; what is beyond the last row is staged as zeros.
    Value band = nest.open(0, shape.P, bandRows);
    stageX(band);
    Value blockRow = nest.open(0, bandRows, blockRows);
    emitBlock(blockRow, nest.math().add(band, blockRow));
    nest.close();
    nest.close();
    nest.close();
    writeResult(part);
    nest.close();
    Work work;
    work.items = parts * shape.groups * blocksC * blocksK;
    return work;
  }

private:
  Tile tileSize() {
    return isSwapped ? tileFor(TileKind::ConvDw, kernel.getTarget(), 1, {})
                     : tileFor(TileKind::ConvDw, kernel.getTarget(), paddedK / lanes, conv.getScheduleAttr());
  }

  int64_t imagesPerUpdate() const {
    if (isSwapped || blockRows < shape.P)
      return 1;
    return std::clamp<int64_t>(pixelsPerBlock / (shape.P * shape.Q), 1, maxImages);
  }

  /// Pixels of one tap are read far apart: not at distances that fall on few lines of the first-level cache.
  StagedImage::Shape paddedX() const {
    StagedImage::Shape rows = rowsOfBand(shape, bandRows, shape.C, images);
    if (!isSwapped && shape.S == 1 && shape.C % (8 * fullLanes) == 0)
      rows.channels += fullLanes;
    return rows;
  }

  /// Of a block of pixels, so that it is in the first-level cache when it is used.
  StagedImage::Shape panelOfY() const {
    return {blockRows,           shape.Q, panelK, shape.P, shape.Q, {0, 0}, std::min(panelK, shape.K), images,
            blockRows == shape.P};
  }

  /// A loop over the images that are put together: their numbers, and their places in scratch memory.
  void forImages(function_ref<void(const Lanes &n, Value place)> body) {
    if (images == 1)
      return body(Lanes{imageNumber, imageLevel}, nest.math().constant(0));
    Value place = nest.open(nest.math().constant(0), imageCount);
    body(Lanes{nest.math().add(imageNumber, place), nest.depth()}, place);
    nest.close();
  }

  void stageX(Value band) {
    Value start = nest.math().mul(band, shape.stride[0]);
    forImages([&](const Lanes &n, Value place) {
      x.stage(conv.getLoadX(), inputs, n, start, firstC, nest.math().mul(place, x.elements()));
    });
  }

  /// The output channels from `k` on.
  void stageY(Value row, Value k) {
    forImages([&](const Lanes &n, Value place) {
      IndexMath math = nest.math();
      y.stage(conv.getLoadY(), inputs, n, row, math.add(firstK, k), math.mul(place, y.elements()));
    });
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
    int64_t xRow = shape.stride[0] * x.rowStride(), xPixel = shape.stride[1] * x.pixelStride();
    int64_t yRow = y.rowStride(), yPixel = y.pixelStride();
    if (isYFirst)
      return {{blockRows, yRow, xRow}, {shape.Q, yPixel, xPixel}};
    SmallVector<ContractionLoop> loops = {{blockRows, xRow, yRow}, {shape.Q, xPixel, yPixel}};
    if (images > 1)
      loops.insert(loops.begin(), {images, x.elements(), y.elements(), imageCount});
    return loops;
  }

  /// Calls `body` for the start of each run of weights that lie side by side, both in the
  /// gradient and, from the window of a pixel, in x.
  void forRuns(function_ref<void(Value weight, Value window)> body) {
    Value r = nest.open(0, shape.R), s = nest.open(0, shape.runs());
    IndexMath math = nest.math();
    body(math.add(math.mul(r, shape.S * shape.C), math.mul(s, shape.C)),
         math.add(math.mul(r, shape.dilation[0] * x.rowStride()), math.mul(s, shape.dilation[1] * x.pixelStride())));
    nest.close();
    nest.close();
  }

  /// What the pixels from `row` of the band on, `firstRow` of the image, add to the sums.
  void emitBlock(Value row, Value firstRow) {
    IndexMath math = nest.math();
    firstPixel = math.mul(firstRow, shape.Q);
    Value xPlace = math.mul(row, shape.stride[0] * x.rowStride());
    forBlocks(nest, paddedK, panelK, [&](Value panel) {
      stageY(firstRow, panel);
      if (isSwapped)
        return emitSwapped(xPlace);
      forBlocks(nest, panelK, size.vectors * lanes, [&](Value k) { emitTiles(xPlace, k, nest.math().add(panel, k)); });
    });
  }

  /// All weights of the output channels from `k` on, which are those of y from `yPlace` on.
  void emitTiles(Value xPlace, Value yPlace, Value k) {
    if (shape.taps() <= size.rows)
      return emitTile(xPlace, yPlace, nest.math().constant(0), k, allTaps());
    forRuns([&](Value weight, Value window) {
      int64_t rows = fittingDivisor(shape.run(), size.rows), covered = shape.run() / rows * rows;
      Value start = nest.open(0, covered, rows);
      IndexMath math = nest.math();
      emitTile(math.add(math.add(xPlace, window), start), yPlace, math.add(weight, start), k, consecutive(rows));
      nest.close();
      if (covered < shape.run()) {
        IndexMath rest = nest.math();
        emitTile(rest.add(rest.add(xPlace, window), covered), yPlace, rest.add(weight, covered), k,
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
          offsets.push_back(r * shape.dilation[0] * x.rowStride() + s * shape.dilation[1] * x.pixelStride() + c);
    return offsets;
  }

  /// The weights from `weight` on, of the output channels from `k` on.
  void emitTile(Value xPlace, Value yPlace, Value weight, Value k, ArrayRef<int64_t> offsets) {
    touchAhead(weight, k, offsets.size());
    IndexMath math = nest.math();
    OuterProduct product;
    product.scalars = x.getBuffer().memref;
    product.vectors = y.getBuffer().memref;
    product.scalarBase = xPlace;
    product.vectorBase = yPlace;
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
  }

  /// The share of a tile of `rows` weights in what the next image needs.
  void touchAhead(Value weight, Value k, int64_t rows) {
    int64_t width = int64_t(size.vectors) * lanes, columns = paddedK / width, tiles = ceilDiv(shape.taps(), rows);
    IndexMath math = nest.math();
    Value part = math.add(math.mul(math.floorDiv(weight, rows), columns), math.floorDiv(k, width));
    for (const ImageStream &stream : streams)
      stream.touch(nest, imageNumber, firstPixel, blockRows * shape.Q, part, tiles * columns);
  }

  /// Few output channels: vectors of weights, times a broadcast y.
  void emitSwapped(Value xPlace) {
    int64_t vectorsInRun = shape.run() / lanes;
    forRuns([&](Value weight, Value window) {
      forVectors(vectorsInRun, [&](Value start, unsigned vectors) {
        IndexMath math = nest.math();
        OuterProduct product;
        product.scalars = y.getBuffer().memref;
        product.vectors = x.getBuffer().memref;
        product.scalarBase = nest.math().constant(0);
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

  /// Copies the sums of an item to their place in the result, [K][C][taps].
  void writeResult(Value part) {
    int64_t taps = shape.R * shape.S;
    IndexMath math = nest.math();
    Value first = math.add(math.mul(math.add(math.mul(part, shape.groups * whole.K), firstK), whole.taps()),
                           math.mul(channel, taps));
    if (!isSwapped && shape.K >= lanes && shape.taps() >= lanes)
      return writeTransposed(first);
    unsigned level = nest.depth();
    Buffer rows{result.memref, result.element, {1, whole.taps(), taps, 1}};
    Buffer given{sums.memref, sums.element, {sums.strides[1], sums.strides[0], shape.C * sums.strides[0]}};
    forLanes(kernel, math.constant(0), math.constant(shape.K), shape.K, lanes, [&](Value index, unsigned width) {
      Lanes k{index, nest.depth(), width > 1};
      Lanes c{nest.open(0, shape.C), nest.depth()}, tap{nest.open(0, taps), nest.depth()};
      LaneMath laneMath(kernel, width);
      laneMath.store(rows, {Lanes{first, level}, k, c, tap}, laneMath.load(given, {k, c, tap}, nest.depth()));
      nest.close();
      nest.close();
    });
  }

  /// The same in squares of as many output channels as lanes.
  void writeTransposed(Value first) {
    int64_t taps = shape.R * shape.S;
    forBlocks(nest, shape.K, lanes, [&](Value k) {
      forBlocks(nest, shape.taps(), lanes, [&](Value weight) {
        IndexMath math = nest.math();
        SmallVector<Value> square;
        for (unsigned i = 0; i < lanes; ++i) {
          Value number = math.add(weight, i), c = math.floorDiv(number, taps);
          Value tap = math.sub(number, math.mul(c, taps));
          Value row = math.add(math.mul(tap, shape.C), c);
          square.push_back(loadVector(nest, sums.memref, math.add(math.mul(row, paddedK), k), lanes));
        }
        Value place = math.add(math.add(first, math.mul(k, whole.taps())), weight);
        for (auto [i, vector] : llvm::enumerate(transpose(nest, square)))
          storeVector(nest, vector, result.memref, math.add(place, int64_t(i) * whole.taps()));
      });
    });
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvDwOp conv;
  ConvShape whole;
  unsigned fullLanes;
  bool isSwapped;
  unsigned lanes;
  ConvShape shape; ///< Of an item.
  PointInputs inputs;
  Buffer result;
  int64_t paddedK;
  Tile size;
  int64_t panelK; ///< Output channels of y that are staged together: a tile's, of a block of pixels.
  int64_t pixelsPerBlock, bandRows, blockRows, images;
  StagedImage x, y;
  Buffer sums;
  SmallVector<ImageStream> streams;
  Value channel, firstC, firstK, imageNumber, imageCount, firstPixel;
  unsigned imageLevel = 0;
};

} // namespace

Work kernel::emitConvDw(KernelFunction &kernel, fused::ConvDwOp conv) { return ConvDwEmitter(kernel, conv).run(); }
