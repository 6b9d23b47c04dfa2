//===- ConvWinogradTemplate.cpp - Convolutions by Winograd's method -------===//
//
// An item is an image, or several small ones. Their operand is staged in padded rows as
// for the direct template, and a block of tiles is transformed: [point][C / B][tile][B].
// Then, one block of output channels after the other, the block of tiles is a matrix at
// each point, multiplied by that point's weights, and the products are transformed
// back to sums, which `store` finishes as it does for the direct template: at once, or in
// scratch memory. Of channels in groups, each block of outputs meets the inputs of its own.
//
// Weights that are not given so are transformed once for all items of a call; where they are large,
// a part that stays in the second-level cache at a time, for a block of tiles each.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Cpu/ConvResults.h"
#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Cpu/MicroKernel.h"
#include "FusedToKernel/Cpu/WinogradDomain.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Input channels whose weights are transformed at a time, where they are not kept.
constexpr int64_t channelsPerPart = 64;

/// Rows of tiles in registers, all turns alike.
int64_t rowsPerTurn(int64_t tiles, const Tile &tile) { return ceilDiv(tiles, ceilDiv(tiles, int64_t(tile.rows))); }

/// The blocks of tiles; twice as large where else too many of the rows in registers would be of no tile.
WinogradBlocks blocksOf(fused::ConvOp conv, const Target &target) {
  ConvShape shape = shapeOf(conv);
  fused::ScheduleAttr said = conv.getScheduleAttr();
  int64_t least = blockFor(winogradBlockKindOf(conv), said);
  WinogradBlocks blocks = winogradBlocks(shape, *conv.getWinograd(), least);
  Tile tile = tileFor(TileKind::Conv, target, blocks.blockK / target.lanes(shape.element), said);
  bool wastesRows = 16 * roundUp(blocks.tiles(), rowsPerTurn(blocks.tiles(), tile)) > 17 * blocks.tiles();
  return wastesRows && !(said && said.getBlock()) ? winogradBlocks(shape, *conv.getWinograd(), 2 * least) : blocks;
}

class WinogradEmitter {
public:
  WinogradEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv, 1)),
        blocks(blocksOf(conv, kernel.getTarget())), panelsOfGroup(shape.K / blocks.blockK),
        panels(shape.groups * panelsOfGroup), lanes(kernel.getTarget().lanes(shape.element)),
        matrices(winogradMatrices(blocks.m, 3)), isGiven(conv.hasTransformedWeight()),
        isKept(winogradBlockKindOf(conv) == BlockKind::WinogradKept),
        partC(isKept ? shape.C
                     : blocks.blockC * largestDivisor(shape.C / blocks.blockC, channelsPerPart / blocks.blockC)),
        panelsAtOnce(isKept ? panels : 1),
        pointStride(panelsAtOnce * panelStride() + (isGiven ? 0 : lineElements(shape.element))),
        given(kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()))),
        weights(isGiven ? given : kernel.scratch(blocks.points() * pointStride, shape.element)),
        image(kernel, shape.element, paddedRows(shape, blocks, shape.groups * shape.C)),
        transformed(kernel, shape.element, blocks, shape.groups * shape.C, blocks.blockC, room()),
        products(kernel, shape.element, blocks, panelsAtOnce * blocks.blockK, blocks.blockK, room()),
        drainsToResults(ConvResults::storesVectors(conv) && shape.P % blocks.m == 0 && shape.Q % blocks.m == 0 &&
                        blocks.blockK % lanes == 0),
        results(kernel, conv, inputs,
                {drainsToResults ? 0 : blocks.images, blocks.bandRows * blocks.m, blocks.tileColumns * blocks.m,
                 panels * blocks.blockK, panels * blocks.blockK}) {
    streams = streamsOf(conv.getLoad(), inputs, 4, shape.P * shape.Q, /*ahead=*/blocks.images * shape.P * shape.Q);
    streams.append(results.streams(/*ahead=*/0));
  }

  Work run() {
    image.clear();
    if (isKept && !isGiven) {
      Value panel = nest.open(0, panels);
      transformWeights(panel, nest.math().constant(0), nest.math().mul(panel, panelStride()));
      nest.close();
    }
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    firstImage = math.mul(item, blocks.images);
    imageCount = math.min(math.constant(blocks.images), math.sub(kernel.integer(inputs.firstExtent), firstImage));
    forBlocks(nest, blocks.tileRows, blocks.bandRows, [&](Value band) { emitBand(band); });
    nest.close();
    Work work;
    work.rowsPerItem = blocks.images;
    if (blocks.bandRows == blocks.tileRows)
      work.inPlace = results.inPlacePairs();
    return work;
  }

private:
  Tile registerTile() {
    return tileFor(TileKind::Conv, kernel.getTarget(), blocks.blockK / lanes, conv.getScheduleAttr());
  }
  int64_t rowsPerTile() { return rowsPerTurn(blocks.tiles(), registerTile()); }
  /// There is room for whole turns: no tile is done twice, which would add it up twice.
  int64_t room() { return roundUp(blocks.tiles(), rowsPerTile()); }
  /// The weights of a block of output channels at a point.
  int64_t panelStride() const { return partC * blocks.blockK; }

  void emitBand(Value band) {
    IndexMath math = nest.math();
    firstRow = math.mul(band, blocks.m);
    Value rows = math.min(math.constant(blocks.bandRows * blocks.m), math.sub(math.constant(shape.P), firstRow));
    forImages([&](const Lanes &n, Value place) {
      image.stage(conv.getLoad(), inputs, n, firstRow);
      transformed.fill(image.pixels(nest.math()), matrices.input, blocks.m, place);
    });
    Value panel = nest.open(0, panels, panelsAtOnce);
    emitPanels(panel);
    forImages([&](const Lanes &n, Value place) { drain(n, place, panel); });
    nest.close();
    if (!drainsToResults)
      forImages([&](const Lanes &n, Value place) { results.emit(n, Lanes{place, nest.depth()}, firstRow, rows); });
  }

  /// The sums of an image and blocks of output channels: to scratch memory, or straight to what `store` makes of them.
  void drain(const Lanes &n, Value place, Value panel) {
    int64_t m = blocks.m;
    products.drain(matrices.output, place, [&](const WinogradDomain::Pixel &pixel, Value sums) {
      IndexMath math = nest.math();
      Value row = math.add(math.mul(pixel.tileRow, m), pixel.i),
            column = math.add(math.mul(pixel.tileColumn, m), pixel.j);
      Value channel = math.add(math.mul(panel, blocks.blockK), pixel.channel);
      unsigned level = nest.depth();
      if (drainsToResults)
        return results.emitVector(n, {channel, level, 1}, {math.add(firstRow, row), level}, {column, level},
                                  {sums, level, 0, /*isVector=*/true}, lanes);
      const Buffer &buffer = results.getSums();
      SmallVector<Value> index = {place, row, column, channel};
      Value at = math.constant(0);
      for (auto [number, stride] : llvm::zip_equal(index, buffer.strides))
        at = math.add(at, math.mul(number, stride));
      storeVector(nest, sums, buffer.memref, at);
    });
  }

  /// A loop over the images of an item: their numbers, and their places in the block.
  void forImages(function_ref<void(const Lanes &n, Value place)> body) {
    Value place = nest.open(nest.math().constant(0), imageCount);
    body(Lanes{nest.math().add(firstImage, place), nest.depth()}, place);
    nest.close();
  }

  /// The products of the blocks of output channels from `panel` on.
  void emitPanels(Value panel) {
    if (isKept)
      return multiply(panel, nest.math().constant(0));
    if (partC < shape.C)
      products.clear();
    Value channel = nest.open(0, shape.C, partC);
    transformWeights(panel, channel, nest.math().constant(0));
    multiply(panel, channel);
    nest.close();
  }

  /// The weights of `partC` input channels from `channel` on, to `place`: [point][panel][C][B].
  void transformWeights(Value panel, Value channel, Value place) {
    int64_t taps = shape.R * shape.S;
    Value c = nest.open(0, partC), inner = nest.open(0, blocks.blockK, lanes);
    IndexMath math = nest.math();
    Value from =
        math.add(math.mul(math.add(math.mul(panel, shape.C), math.add(channel, c)), taps * blocks.blockK), inner);
    Value to = math.add(place, math.add(math.mul(c, blocks.blockK), inner));
    SmallVector<Value> square;
    for (int64_t tap = 0; tap < taps; ++tap)
      square.push_back(loadVector(nest, given.memref, math.add(from, tap * blocks.blockK), lanes));
    for (auto [point, value] : llvm::enumerate(emitTransform2D(nest, matrices.weight, square)))
      storeVector(nest, value, weights.memref, math.add(to, int64_t(point) * pointStride));
    nest.close();
    nest.close();
  }

  /// products[point][panel][tile] = transformed[point][tile] * weights[point][panel], or their sum with what is there
  /// if `weights` are but a part. A point's tiles stay near while all blocks of output channels are multiplied with
  /// them.
  void multiply(Value firstPanel, Value channel) {
    int64_t rows = rowsPerTile();
    Value point = nest.open(0, blocks.points()), panel = nest.open(0, panelsAtOnce);
    IndexMath math = nest.math();
    Value row = nest.open(math.constant(0), math.mul(imageCount, blocks.tilesPerImage()), rows);
    math = nest.math();
    touchAhead(firstPanel, channel, math.add(math.mul(point, panelsAtOnce), panel), row, rows);
    Value group = math.floorDiv(math.add(firstPanel, panel), panelsOfGroup);
    emitRows(point, panel, math.add(math.mul(group, shape.C), channel), row, rows);
    for (int loop = 0; loop < 3; ++loop)
      nest.close();
  }

  void emitRows(Value point, Value panel, Value channel, Value row, int64_t rows) {
    Tile size = registerTile();
    int64_t width = int64_t(size.vectors) * lanes;
    forBlocks(nest, blocks.blockK, width, [&](Value column) {
      IndexMath math = nest.math();
      auto placeOf = [&](Value point, Value panel, int64_t stride) {
        return math.add(math.add(point, math.mul(panel, stride)), column);
      };
      OuterProduct product;
      product.scalars = transformed.getMemory();
      product.vectors = weights.memref;
      product.scalarBase = math.add(math.add(transformed.pointPlace(point), math.mul(row, blocks.blockC)),
                                    math.mul(math.floorDiv(channel, blocks.blockC), transformed.blockStride()));
      product.vectorBase = placeOf(math.mul(point, pointStride), panel, panelStride());
      for (int64_t i = 0; i < rows; ++i)
        product.scalarOffsets.push_back(i * blocks.blockC);
      product.numVectors = size.vectors;
      product.lanes = lanes;
      product.loops = {{partC / blocks.blockC, transformed.blockStride(), blocks.blockC * blocks.blockK},
                       {blocks.blockC, 1, blocks.blockK}};
      Value first =
          math.add(placeOf(products.pointPlace(point), panel, products.blockStride()), math.mul(row, blocks.blockK));
      SmallVector<Value> places;
      for (int64_t i = 0; i < rows; ++i)
        for (unsigned v = 0; v < size.vectors; ++v)
          places.push_back(math.add(first, i * blocks.blockK + int64_t(v) * lanes));
      SmallVector<Value> sums = zeroVectors(nest, shape.element, lanes, places.size());
      if (partC < shape.C)
        sums = llvm::map_to_vector(places,
                                   [&](Value place) { return loadVector(nest, products.getMemory(), place, lanes); });
      for (auto [sum, place] : llvm::zip_equal(emitOuterProduct(nest, product, sums), places))
        storeVector(nest, sum, products.getMemory(), place);
    });
  }

  /// A tile's share of what will be read and written soon.
  void touchAhead(Value firstPanel, Value channel, Value pointAndPanel, Value row, int64_t rows) {
    IndexMath math = nest.math();
    int64_t parts = shape.C / partC, turns = ceilDiv(blocks.tiles(), rows);
    Value turn = math.add(math.mul(firstPanel, parts), math.floorDiv(channel, partC));
    turn = math.add(math.mul(turn, blocks.points() * panelsAtOnce), pointAndPanel);
    turn = math.add(math.mul(turn, turns), math.floorDiv(row, rows));
    Value pixel = math.mul(firstRow, shape.Q);
    int64_t pixels = blocks.images * std::min(blocks.bandRows * blocks.m, shape.P) * shape.Q;
    for (const ImageStream &stream : streams)
      stream.touch(nest, firstImage, pixel, pixels, turn, panels * parts * blocks.points() * turns);
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  ConvShape shape;
  PointInputs inputs;
  WinogradBlocks blocks;
  int64_t panelsOfGroup, panels;
  unsigned lanes;
  WinogradMatrices matrices;
  bool isGiven;         ///< Whether the weights are transformed already.
  bool isKept;          ///< Whether all transformed weights are in memory at a time.
  int64_t partC;        ///< Input channels whose weights are transformed at a time.
  int64_t panelsAtOnce; ///< Blocks of output channels that are multiplied at a point before the next one.
  int64_t pointStride;
  Buffer given, weights;
  StagedImage image;
  WinogradDomain transformed, products;
  bool drainsToResults; ///< Tiles cover the results exactly, and a small program makes these of the sums.
  ConvResults results;
  SmallVector<ImageStream> streams;
  Value firstImage, imageCount, firstRow;
};

} // namespace

Work kernel::emitConvWinograd(KernelFunction &kernel, fused::ConvOp conv) {
  return WinogradEmitter(kernel, conv).run();
}
