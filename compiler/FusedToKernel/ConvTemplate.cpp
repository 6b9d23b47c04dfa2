//===- ConvTemplate.cpp - Convolutions, forward and input gradient --------===//
//
// An item is an image. Its operand is staged in bands of padded rows
// [rows][columns][C]; from there tiles of pixels times output channels are summed
// in registers, over all taps and input channels. A small `store` runs on these
// registers; a larger one over a few finished rows at a time, while their sums are
// in the first-level cache. Groups of channels are convolutions of their own, one
// after another.
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

/// Weights from this size on are taken in blocks of so many input channels: for so many pixels of a band, or for so
/// many at least of several images.
constexpr int64_t largeWeightBytes = 512 * 1024, channelsPerBlock = 128, pixelsPerBand = 256, pixelsPerBlock = 128,
                  maxImages = 8;
/// Part of a row that is staged at a time, and its least columns, where nothing else is read for it.
constexpr int64_t partBytes = 16 * 1024, leastColumns = 8;

class ConvEmitter {
public:
  ConvEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv, 1)),
        fullLanes(kernel.getTarget().lanes(shape.element)), isDot(hasFewOutputs(shape, fullLanes) && !conv.getSpread()),
        lanes(isDot ? 1 : outputLanes(shape, kernel.getTarget())), paddedK(roundUp(shape.K, lanes)),
        said(conv.getScheduleAttr()), blockC(channelBlock()),
        bandRows(isBlocked() ? rowsOf(pixelsPerBand) : rowsPerBand(shape, shape.C, groupPixels())),
        groupRows(rowsPerGroup()), images(imagesPerItem()), storesTiles(canStoreTiles()), size(tileSize()),
        bandColumns(columnsPerBand()), image(kernel, shape.element, stagedBand()),
        results(kernel, conv, inputs,
                {storesTiles ? 0 : images, groupRows * shape.spread[0], shape.Q * shape.spread[1], sumChannels(),
                 std::min(sumChannels(), shape.K)}),
        sums(results.getSums()) {
    if (!shape.skipsPixels())
      streams = streamsOf(conv.getLoad(), inputs, 4, shape.P * shape.Q, /*ahead=*/images * bandRows * bandColumns);
    weightRow = int64_t(size.vectors) * lanes;
    storesPixels = storesTiles && weightRow < paddedK && results.readsPixels();
    resultStreams = results.streams(storesPixels ? tileOfPixels().columns * shape.spread[1] : 0);
  }

  Work run() {
    image.clear();
    isBlocked() ? runBlocked() : runWhole();
    Work work;
    work.rowsPerItem = images;
    bool byPixels = bandColumns < shape.Q, byRows = bandRows < shape.P || byPixels;
    if ((!byRows || readsOwn(0)) && (!byPixels || readsOwn(1)) && shape.P % bandRows == 0 &&
        bandRows % groupRows == 0 && shape.groups == 1)
      work.inPlace = results.inPlacePairs(byRows + byPixels);
    return work;
  }

private:
  /// Whether a row or column of outputs is made from the same one of inputs alone.
  bool readsOwn(int axis) const {
    return shape.window(axis) == 1 && shape.low[axis] == 0 &&
           shape.stride[axis] * shape.step[axis] * shape.spread[axis] == 1;
  }

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
    return fittingDivisor(bandRows, std::max<int64_t>(1, ceilDiv(groupPixels(), shape.Q)));
  }

  /// Output channels whose sums are in memory at a time: a tile's, unless others follow before they are complete, or
  /// the last ones are padding.
  int64_t sumChannels() const {
    return isDot || isBlocked() || shape.K < paddedK ? paddedK : int64_t(size.vectors) * lanes;
  }

  /// So many that their sums, and what a window of one tap reads of them, stay in the first-level cache.
  int64_t groupPixels() const { return std::max<int64_t>(1, 2 * fullLanes / (shape.spread[0] * shape.spread[1])); }

  /// Whether `store` runs on sums in registers: a small program, of vectors that are all there, each once, in tiles
  /// that are not much worse than those that overlap.
  bool canStoreTiles() const {
    if (isDot || isBlocked() || lanes == 1 || shape.K < paddedK || shape.outputs[0] % shape.spread[0] ||
        shape.outputs[1] % shape.spread[1] || !ConvResults::storesVectors(conv))
      return false;
    return bestTile(/*stores=*/true).cycles <= 1.25 * bestTile(/*stores=*/false).cycles;
  }

  ProductTile bestTile(bool stores) const {
    int64_t vectors = paddedK / lanes, rows = isLinear(stores) ? 1 : groupRows, columns = groupRows * shape.Q / rows;
    return productTile(tilesFor(TileKind::Conv, kernel.getTarget(), vectors, said), vectors, rows, columns,
                       weightBytes() / vectors, /*isExact=*/stores);
  }

  /// A tile's vectors of outputs, and its pixels at most.
  Tile tileSize() const {
    if (isDot || isBlocked())
      return isDot ? Tile{1, 1} : tileFor(TileKind::Conv, kernel.getTarget(), paddedK / lanes, said);
    return bestTile(storesTiles).size;
  }

  /// Of windows of one tap and without padding, where a row is large, a part of it that stays in the first-level cache.
  int64_t columnsPerBand() const {
    int64_t row = shape.Q * shape.C * shape.element.getIntOrFloatBitWidth() / 8;
    bool isOneTap = shape.window(0) == 1 && shape.window(1) == 1 && shape.stride[1] == 1;
    bool isPadded = shape.low[1] != 0 || shape.W < shape.Q;
    if (!storesTiles || bandRows > 1 || !isOneTap || isPadded || row <= partBytes)
      return shape.Q;
    int64_t columns = largestDivisor(shape.Q, std::max(leastColumns, shape.Q * partBytes / row));
    bool isWhole = columns % pixelTile(1, columns, size).columns == 0;
    return isWhole && columns >= leastColumns ? columns : shape.Q;
  }

  StagedImage::Shape stagedBand() const {
    StagedImage::Shape band = rowsOfBand(shape, bandRows, blockC, images);
    if (bandColumns < shape.Q)
      band.columns = band.width = bandColumns;
    return band;
  }

  /// Whether a row of outputs, and of windows, goes on where the one above ends; then a group is one row.
  bool isLinear(bool stores) const {
    return !stores && shape.spread[0] == 1 && shape.stride[0] * shape.columns() == shape.Q * shape.stride[1];
  }
  int64_t gridRows() const { return isLinear(storesTiles) ? 1 : groupRows; }
  int64_t gridColumns() const { return isLinear(storesTiles) ? groupRows * shape.Q : bandColumns; }

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
    imageLanes = n;
    forBlocks(nest, shape.groups, 1, [&](Value number) {
      group = number;
      Value input = nest.math().mul(group, shape.C);
      firstWeight = nest.math().mul(group, shape.taps() * paddedK);
      forBlocks(nest, shape.P, bandRows, [&](Value band) {
        forBlocks(nest, shape.Q, bandColumns, [&](Value column) {
          firstColumn = column;
          Value start = nest.math().mul(band, shape.stride[0]);
          image.stage(conv.getLoad(), inputs, n, start, input, nest.math(0).constant(0), firstColumn);
          forBlocks(nest, bandRows, groupRows, [&](Value row) { emitGroup(n, band, row); });
        });
      });
    });
    nest.close();
  }

  /// The rows from `row` of a band on.
  void emitGroup(const Lanes &n, Value band, Value row) {
    firstRow = nest.math().add(band, row);
    if (storesPixels)
      return forPixelTiles(tileOfPixels(), [&](Value y, Value x) {
        forBlocks(nest, paddedK, weightRow, [&](Value k) { finishTile(row, y, x, Lanes{k, nest.depth(), 1}); });
      });
    forBlocks(nest, paddedK, sumChannels(), [&](Value k) {
      isDot ? emitDots(row) : emitTiles(row, k);
      if (!storesTiles)
        emitResults(n, Lanes{nest.math(0).constant(0)}, firstRow, k);
    });
  }

  /// `store` for a few rows, without those of the last block that are not there.
  void emitResults(const Lanes &n, const Lanes &place, Value block, Value channel) {
    IndexMath math = nest.math();
    Value first = math.mul(block, shape.spread[0]), rows = math.constant(groupRows * shape.spread[0]);
    if (shape.outputs[0] % shape.spread[0])
      rows = math.min(rows, math.sub(math.constant(shape.outputs[0]), first));
    results.emit(n, place, first, rows, math.add(math.mul(group, shape.K), channel));
  }

  /// A few images at a time, and one block of weights after the other.
  void runBlocked() {
    givenWeights = kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()));
    givenWeights.strides = {shape.K, 1};
    weights = kernel.scratch(shape.R * shape.S * blockC * weightRow, shape.element);
    group = nest.math().constant(0);
    Value item = nest.open(kernel.begin(), kernel.end());
    firstImage = nest.math().mul(item, images);
    imageCount =
        nest.math().min(nest.math().constant(images), nest.math().sub(kernel.integer(inputs.firstExtent), firstImage));
    forBlocks(nest, shape.P, bandRows, [&](Value band) {
      firstRow = band;
      firstColumn = nest.math().constant(0);
      if (blockC < shape.C)
        clearSums();
      forBlocks(nest, shape.C, blockC, [&](Value channel) {
        forImages([&](const Lanes &n, const Lanes &place) {
          Value start = nest.math().mul(place.value, image.elements());
          image.stage(conv.getLoad(), inputs, n, nest.math().mul(band, shape.stride[0]), channel, start);
        });
        forBlocks(nest, paddedK, weightRow, [&](Value k) { emitBlock(channel, k); });
      });
      forImages([&](const Lanes &n, const Lanes &place) { emitResults(n, place, band, nest.math().constant(0)); });
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
    PixelTile most = pixelTile(gridRows(), gridColumns(), size);
    // What is added up must not be so twice.
    forImages([&](const Lanes &, const Lanes &place) {
      forParts(nest, gridRows(), most.rows, [&](Value row, int64_t rows) {
        forParts(nest, gridColumns(), most.columns, [&](Value column, int64_t columns) {
          PixelTile tile{rows, columns};
          IndexMath math = nest.math();
          Value window = math.add(math.mul(place.value, image.elements()), windowAt(row, column));
          Value sum = math.add(math.mul(place.value, sums.strides[0]), sumPlace(row, column));
          touchAhead(tile, row, column, channel, k);
          emitPhases(tile, window, math.constant(0), math.add(sum, k), /*addsUp=*/blockC < shape.C);
        });
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

  /// Where a tile has all output channels, weights are used in place; else those of a tile's width are copied to a
  /// panel, rows padded to whole vectors: what a tile uses lies side by side, and spreads evenly over a cache.
  void packWeights() {
    auto type = cast<RankedTensorType>(conv.getWeight().getType());
    weights = kernel.tensor(0, type);
    if (shape.groups == 1 && shape.K == weightRow)
      return;
    int64_t taps = shape.taps(), ofGroup = taps * paddedK;
    Buffer given{weights.memref, shape.element, {shape.K, shape.groups * shape.K, 1}};
    weights = kernel.scratch(shape.groups * ofGroup, shape.element);
    weights.strides = {ofGroup, taps * weightRow, weightRow, 1};
    Lanes group{nest.open(0, shape.groups), nest.depth()};
    forParts(nest, shape.K, weightRow, [&](Value first, int64_t count) {
      Lanes panel{nest.math().floorDiv(first, weightRow), nest.depth()}, tap{nest.open(0, taps), nest.depth()};
      forLanes(kernel, nest.math().constant(0), nest.math().constant(count), count, lanes,
               [&](Value place, unsigned width) {
                 LaneMath math(kernel, width);
                 Lanes k{place, nest.depth(), width > 1}, of{nest.math().add(first, place), nest.depth(), width > 1};
                 math.store(weights, {group, panel, tap, k}, math.load(given, {group, tap, of}));
               });
      nest.close();
    });
    nest.close();
  }

  //===--------------------------------------------------------------------===//
  // Sums
  //===--------------------------------------------------------------------===//

  /// Loops over the taps of a phase and the staged channels.
  SmallVector<ContractionLoop> contraction(const Phase &row, const Phase &column) const {
    int64_t tap = blockC * weightRow;
    return {{row.taps, shape.dilation[0] * image.rowStride(), shape.spread[0] * shape.S * tap},
            {column.taps, shape.dilation[1] * blockC, shape.spread[1] * tap},
            {blockC, 1, weightRow}};
  }

  /// The same for vectors of taps and channels that lie side by side.
  SmallVector<ContractionLoop> contractionOfVectors() const {
    return {{shape.R, shape.dilation[0] * image.rowStride(), shape.S * shape.C},
            {shape.runs(), shape.dilation[1] * shape.C, shape.C},
            {shape.run() / fullLanes, fullLanes, fullLanes}};
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
    return math.add(math.mul(row, shape.spread[0] * sums.strides[1]),
                    math.mul(column, shape.spread[1] * sums.strides[2]));
  }

  void forPixelTiles(PixelTile tile, function_ref<void(Value row, Value column)> body) {
    forBlocks(nest, gridRows(), tile.rows, [&](Value row) {
      forBlocks(nest, gridColumns(), tile.columns, [&](Value column) { body(row, column); });
    });
  }

  PixelTile tileOfPixels() const { return pixelTile(gridRows(), gridColumns(), size, storesTiles); }
  /// The first weight of the output channels from `k` on.
  Value weightAt(Value k) { return nest.math().add(firstWeight, nest.math().mul(k, shape.taps())); }

  /// All sums from channel `k` on that are in memory at a time.
  void emitTiles(Value top, Value k) {
    PixelTile tile = tileOfPixels();
    forBlocks(nest, sumChannels(), weightRow, [&](Value inner) {
      Value first = nest.math().add(k, inner);
      unsigned level = nest.depth();
      forPixelTiles(tile, [&](Value row, Value column) {
        if (storesTiles)
          return finishTile(top, row, column, Lanes{first, level, 1});
        IndexMath math = nest.math();
        touchAhead(tile, row, column, math.constant(0), first);
        emitPhases(tile, windowAt(math.add(top, row), column), weightAt(first), math.add(sumPlace(row, column), inner),
                   /*addsUp=*/false);
      });
    });
  }

  /// The results of a tile for the output channels from `k` on.
  void finishTile(Value top, Value row, Value column, const Lanes &k) {
    PixelTile tile = tileOfPixels();
    IndexMath math = nest.math();
    touchAhead(tile, row, column, math.constant(0), k.value);
    storePhases(tile, windowAt(math.add(top, row), column), weightAt(k.value), math.add(firstRow, row),
                math.add(firstColumn, column), k);
  }

  /// A tile of blocks of outputs: the window of the first one, the first weight, and the place of its first sum.
  void emitPhases(PixelTile tile, Value window, Value weight, Value first, bool addsUp) {
    for (auto [y, row] : llvm::enumerate(shape.phases(0)))
      for (auto [x, column] : llvm::enumerate(shape.phases(1))) {
        IndexMath math = nest.math();
        Value place = math.add(first, int64_t(y) * sums.strides[1] + int64_t(x) * sums.strides[2]);
        emitTile(tile, row, column, window, weight, place, addsUp);
      }
  }

  /// The same, finished in registers: `top` and `left` are the first block, `k` the first channels. What has no taps
  /// comes first, so that it is written while the rest is computed.
  void storePhases(PixelTile tile, Value window, Value weight, Value top, Value left, const Lanes &k) {
    SmallVector<Phase> rows = shape.phases(0), columns = shape.phases(1);
    for (bool hasTaps : {false, true})
      for (auto [y, row] : llvm::enumerate(rows))
        for (auto [x, column] : llvm::enumerate(columns))
          if ((row.taps > 0 && column.taps > 0) == hasTaps) {
            auto zeros = zeroVectors(nest, shape.element, lanes, tile.rows * tile.columns * size.vectors);
            auto values = sumsOf(tile, row, column, window, weight, zeros);
            auto at = [&](Value block, int axis, int64_t phase) {
              return nest.math().add(nest.math().mul(block, shape.spread[axis]), phase);
            };
            // Zeros are the same everywhere, and so is what follows from them and the channel alone.
            storeTile(tile, values, hasTaps ? nest.depth() : 0, at(top, 0, y), at(left, 1, x), k);
          }
  }

  /// One output of each block of a tile, of which the first one is `row`, `column`; the sums are known at a level.
  void storeTile(PixelTile tile, ValueRange values, unsigned level, Value row, Value column, const Lanes &k) {
    IndexMath math = nest.math(), kMath = nest.math(k.level);
    Value firstK = kMath.add(kMath.mul(group, shape.K), k.value);
    for (auto [number, value] : llvm::enumerate(values)) {
      int64_t pixel = number / size.vectors, vector = number % size.vectors;
      Lanes channel{kMath.add(firstK, vector * lanes), k.level, 1};
      Lanes p{math.add(row, pixel / tile.columns * shape.spread[0]), nest.depth()};
      Lanes q{math.add(column, pixel % tile.columns * shape.spread[1]), nest.depth()};
      results.emitVector(imageLanes, channel, p, q, Lanes{value, level, 0, /*isVector=*/true}, lanes);
    }
  }

  /// One output of each block of a tile.
  void emitTile(PixelTile tile, const Phase &row, const Phase &column, Value window, Value weight, Value first,
                bool addsUp) {
    if (addsUp && (row.taps == 0 || column.taps == 0))
      return;
    IndexMath math = nest.math();
    SmallVector<Value> places;
    for (int64_t y = 0; y < tile.rows; ++y)
      for (int64_t x = 0; x < tile.columns; ++x)
        for (unsigned v = 0; v < size.vectors; ++v)
          places.push_back(math.add(first, y * shape.spread[0] * sums.strides[1] +
                                               x * shape.spread[1] * sums.strides[2] + int64_t(v) * lanes));

    SmallVector<Value> values = zeroVectors(nest, shape.element, lanes, places.size());
    if (addsUp)
      values = llvm::map_to_vector(places, [&](Value place) { return loadVector(nest, sums.memref, place, lanes); });
    for (auto [value, place] : llvm::zip_equal(sumsOf(tile, row, column, window, weight, values), places))
      storeVector(nest, value, sums.memref, place);
  }

  /// What one output of each block of a tile adds to `values`.
  SmallVector<Value> sumsOf(PixelTile tile, const Phase &row, const Phase &column, Value window, Value weight,
                            SmallVector<Value> values) {
    if (row.taps == 0 || column.taps == 0)
      return values;
    IndexMath math = nest.math();
    OuterProduct product;
    product.scalars = image.getBuffer().memref;
    product.vectors = weights.memref;
    product.scalarBase = math.add(window, row.place * image.rowStride() + column.place * blockC);
    product.vectorBase = math.add(weight, (row.tap * shape.S + column.tap) * blockC * weightRow);
    product.scalarOffsets = pixelOffsets(tile);
    product.numVectors = size.vectors;
    product.lanes = lanes;
    product.loops = contraction(row, column);
    return emitOuterProduct(nest, product, values);
  }

  /// A tile's share of what will be read and written soon.
  void touchAhead(PixelTile tile, Value row, Value column, Value channel, Value k) {
    IndexMath math = nest.math();
    Value top = math.add(firstRow, row), left = math.add(firstColumn, column);
    int64_t channels = shape.C / blockC, blocks = paddedK / (size.vectors * lanes);
    Value part =
        math.add(math.mul(math.floorDiv(channel, blockC), blocks), math.floorDiv(k, int64_t(size.vectors) * lanes));
    part = math.add(math.mul(group, channels * blocks), part);
    int64_t parts = shape.groups * channels * blocks;
    for (const ImageStream &stream : streams)
      stream.touch(nest, imageNumber, math.add(math.mul(top, shape.Q), left), tile.rows * tile.columns, part, parts);
    for (const ImageStream &stream : resultStreams)
      for (int64_t y = 0; y < tile.rows * shape.spread[0]; ++y) {
        Value output = math.mul(math.add(math.mul(top, shape.spread[0]), y), shape.outputs[1]);
        output = math.add(output, math.mul(left, shape.spread[1]));
        stream.touch(nest, imageNumber, output, tile.columns * shape.spread[1], part, parts);
      }
  }

  void clearSums() {
    int64_t length = images * sums.strides[0];
    Value index = nest.open(0, length, lanes);
    storeVector(nest, zeroVectors(nest, shape.element, lanes, 1)[0], sums.memref, index);
    nest.close();
  }

  /// Few output channels: the lanes are input channels, summed up at the end.
  void emitDots(Value top) {
    unsigned pixels = std::max<int64_t>(1, 8 / shape.K);
    PixelTile tile = pixelTile(gridRows(), gridColumns(), Tile{unsigned(shape.K), pixels});
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
      product.loops = contractionOfVectors();
      size_t count = product.aOffsets.size() * shape.K;
      SmallVector<Value> values = emitInnerProduct(nest, product, zeroVectors(nest, shape.element, fullLanes, count));
      Value first = sumPlace(row, column);
      for (auto [number, value] : llvm::enumerate(values)) {
        int64_t pixel = number / shape.K, y = pixel / tile.columns, x = pixel % tile.columns;
        Value place = nest.math().add(first, y * sums.strides[1] + x * sums.strides[2] + int64_t(number % shape.K));
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
  fused::ScheduleAttr said;
  int64_t blockC; ///< Input channels that are staged at a time.
  int64_t bandRows, groupRows, images;
  bool storesTiles;
  bool storesPixels = false; ///< With all channels, one tile of them after the other.
  Tile size;
  int64_t bandColumns;
  StagedImage image;
  ConvResults results;
  const Buffer &sums;
  Buffer weights, givenWeights;
  int64_t weightRow; ///< Output channels of a tile.
  SmallVector<ImageStream> streams, resultStreams;
  Value firstImage, imageCount, imageNumber, group, firstRow, firstColumn, firstWeight;
  Lanes imageLanes;
};

} // namespace

Work kernel::emitConv(KernelFunction &kernel, fused::ConvOp conv) { return ConvEmitter(kernel, conv).run(); }
