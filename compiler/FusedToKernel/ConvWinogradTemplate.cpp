//===- ConvWinogradTemplate.cpp - Convolutions by Winograd's method -------===//
//
// An item is an image, or several small ones. Their operand is staged in padded rows as
// for the direct template, and a block of tiles is transformed: [point][C / B][tile][B].
// At each point of the Winograd domain the block is a matrix, multiplied by that point's
// matrix of weights. What is transformed back are the sums, which `store` finishes as
// it does for the direct template.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/ConvResults.h"
#include "FusedToKernel/MicroKernel.h"
#include "FusedToKernel/WinogradDomain.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Weights are read once for so many tiles.
constexpr int64_t tilesPerBlock = 32;

class WinogradEmitter {
public:
  WinogradEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv, 1)),
        blocks(winogradBlocks(shape, *conv.getWinograd(), tilesPerBlock)),
        lanes(kernel.getTarget().lanes(shape.element)), matrices(winogradMatrices(blocks.m, 3)),
        image(kernel, shape.element, paddedRows(shape, blocks)),
        transformed(kernel, shape.element, blocks, shape.C, blocks.blockC),
        products(kernel, shape.element, blocks, shape.K, blocks.blockK),
        results(kernel, conv, inputs, {1, blocks.bandRows * blocks.m, blocks.tileColumns * blocks.m, shape.K}) {
    weights = kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()));
    streams = streamsOf(conv.getLoad(), inputs, 4, shape.P * shape.Q, /*ahead=*/blocks.images);
    streams.append(results.streams());
  }

  Work run() {
    image.clear();
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    firstImage = math.mul(item, blocks.images);
    imageCount = math.min(math.constant(blocks.images), math.sub(kernel.integer(inputs.firstExtent), firstImage));
    forBlocks(nest, blocks.tileRows, blocks.bandRows, [&](Value band) {
      firstRow = nest.math().mul(band, blocks.m);
      Value rest = nest.math().sub(nest.math().constant(shape.P), firstRow);
      Value rows = nest.math().min(nest.math().constant(blocks.bandRows * blocks.m), rest);
      forImages([&](const Lanes &n, Value place) {
        image.stage(conv.getLoad(), inputs, n, firstRow);
        transformed.fill(image, matrices.input, blocks.m, place);
      });
      multiply();
      forImages([&](const Lanes &n, Value place) {
        products.drain(results.getSums(), matrices.output, place);
        results.emit(n, Lanes{nest.math(0).constant(0)}, firstRow, rows);
      });
    });
    nest.close();
    Work work;
    work.rowsPerItem = blocks.images;
    if (blocks.bandRows == blocks.tileRows)
      work.inPlace = results.inPlacePairs();
    return work;
  }

private:
  /// A loop over the images of an item: their numbers, and their places in the block.
  void forImages(function_ref<void(const Lanes &n, Value place)> body) {
    if (blocks.images == 1)
      return body(Lanes{firstImage, 1}, nest.math(0).constant(0));
    Value place = nest.open(nest.math().constant(0), imageCount);
    body(Lanes{nest.math().add(firstImage, place), nest.depth()}, place);
    nest.close();
  }


  /// products[point][tile] = transformed[point][tile] * weights[point]
  void multiply() {
    Tile size = tileFor(TileKind::Conv, kernel.getTarget(), blocks.blockK / lanes);
    int64_t turns = ceilDiv(blocks.tiles(), size.rows), rows = ceilDiv(blocks.tiles(), turns);
    int64_t width = int64_t(size.vectors) * lanes;
    Value point = nest.open(0, blocks.points());
    Value panel = nest.open(0, shape.K / blocks.blockK);
    Value count = nest.math().mul(imageCount, blocks.tilesPerImage());
    Value row = nest.open(nest.math().constant(0), count, rows);
    row = nest.math().min(row, nest.math().constant(blocks.tiles() - rows));
    touchAhead(point, panel, row, rows);
    forBlocks(nest, blocks.blockK, width, [&](Value column) {
      IndexMath math = nest.math();
      OuterProduct product;
      product.scalars = transformed.getMemory();
      product.vectors = weights.memref;
      product.scalarBase = math.add(transformed.pointPlace(point), math.mul(row, blocks.blockC));
      product.vectorBase = math.add(
          math.mul(math.add(math.mul(point, shape.K / blocks.blockK), panel), shape.C * blocks.blockK), column);
      for (int64_t i = 0; i < rows; ++i)
        product.scalarOffsets.push_back(i * blocks.blockC);
      product.numVectors = size.vectors;
      product.lanes = lanes;
      product.loops = {{shape.C / blocks.blockC, transformed.blockStride(), blocks.blockC * blocks.blockK},
                       {blocks.blockC, 1, blocks.blockK}};
      SmallVector<Value> sums =
          emitOuterProduct(nest, product, zeroVectors(nest, shape.element, lanes, rows * size.vectors));
      Value first = math.add(math.add(products.pointPlace(point), math.mul(panel, products.blockStride())),
                             math.add(math.mul(row, blocks.blockK), column));
      for (auto [number, sum] : llvm::enumerate(sums))
        storeVector(nest, sum, products.getMemory(),
                    math.add(first, int64_t(number / size.vectors) * blocks.blockK +
                                        int64_t(number % size.vectors) * lanes));
    });
    nest.close();
    nest.close();
    nest.close();
  }

  /// A tile's share of what will be read and written soon.
  void touchAhead(Value point, Value panel, Value row, int64_t rows) {
    IndexMath math = nest.math();
    int64_t panels = shape.K / blocks.blockK, turns = ceilDiv(blocks.tiles(), rows);
    Value part = math.add(math.mul(math.add(math.mul(point, panels), panel), turns), math.floorDiv(row, rows));
    Value pixel = math.mul(firstRow, shape.Q);
    int64_t pixels = blocks.images * std::min(blocks.bandRows * blocks.m, shape.P) * shape.Q;
    for (const ImageStream &stream : streams)
      stream.touch(nest, firstImage, pixel, pixels, part, blocks.points() * panels * turns);
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  ConvShape shape;
  PointInputs inputs;
  WinogradBlocks blocks;
  unsigned lanes;
  WinogradMatrices matrices;
  StagedImage image;
  WinogradDomain transformed, products;
  ConvResults results;
  Buffer weights;
  SmallVector<ImageStream> streams;
  Value firstImage, imageCount, firstRow;
};

} // namespace

Work kernel::emitConvWinograd(KernelFunction &kernel, fused::ConvOp conv) { return WinogradEmitter(kernel, conv).run(); }
