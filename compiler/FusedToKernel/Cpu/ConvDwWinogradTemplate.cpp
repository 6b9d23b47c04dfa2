//===- ConvDwWinogradTemplate.cpp - Weight gradients by Winograd's method -===//
//
// An item is a part of the batch or, of a part, a slice of the output channels. Blocks of
// tiles of both operands are transformed; at each point of the Winograd domain the
// product of two matrices, summed over the tiles, is added to that point's sums. Once
// all of a part's images are in them, they are transformed back.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Cpu/MicroKernel.h"
#include "FusedToKernel/Cpu/Prefetch.h"
#include "FusedToKernel/Cpu/Transpose.h"
#include "FusedToKernel/Cpu/WinogradDomain.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Items for that many threads at least; more parts would need more memory.
constexpr int64_t leastItems = 8;

class WinogradDwEmitter {
public:
  WinogradDwEmitter(KernelFunction &kernel, fused::ConvDwOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv)),
        result(resultsOf(kernel, conv)[0]), lanes(kernel.getTarget().lanes(shape.element)),
        blocks(winogradBlocks(shape, *conv.getWinograd(), blockFor(BlockKind::WinogradDw, conv.getScheduleAttr()))),
        parts(conv.getParts()),
        sliceK(shape.K / largestDivisor(shape.K / blocks.blockK, ceilDiv(leastItems, parts * shape.groups))),
        matrices(winogradMatrices(blocks.m, 3)), x(kernel, shape.element, paddedRows(shape, blocks, shape.C)),
        y(kernel, shape.element,
          {blocks.bandRows * blocks.m,
           blocks.tileColumns * blocks.m,
           sliceK,
           shape.P,
           shape.Q,
           {0, 0},
           sliceK,
           1,
           blocks.bandRows == blocks.tileRows}),
        transformedX(kernel, shape.element, blocks, shape.C, blocks.blockC, blocks.tiles()),
        transformedY(kernel, shape.element, blocks, sliceK, blocks.blockK, blocks.tiles()),
        pointStride(shape.C * sliceK + lineElements(shape.element)),
        sums(kernel.scratch(blocks.points() * pointStride, shape.element)),
        weights(kernel.scratch(taps() * lanes * lanes, shape.element)) {
    streams = streamsOf(conv.getLoadX(), inputs, 4, shape.P * shape.Q, /*ahead=*/blocks.images * shape.P * shape.Q);
    streams.append(
        streamsOf(conv.getLoadY(), inputs, 4, shape.P * shape.Q, /*ahead=*/blocks.images * shape.P * shape.Q));
  }

  Work run() {
    int64_t slices = shape.groups * shape.K / sliceK;
    x.clear();
    y.clear();
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    Value part = math.floorDiv(item, slices);
    firstOutput = math.mul(math.sub(item, math.mul(part, slices)), sliceK);
    firstInput = math.mul(math.floorDiv(firstOutput, shape.K), shape.C);
    clearSums();
    Value all = kernel.integer(inputs.firstExtent);
    auto bound = [&](Value number) { return math.floorDiv(math.mul(number, all), parts); };
    Value end = bound(math.add(part, 1));
    firstImage = nest.open(bound(part), end, blocks.images);
    imageCount = nest.math().min(nest.math().constant(blocks.images), nest.math().sub(end, firstImage));
    band = nest.open(0, blocks.tileRows, blocks.bandRows);
    transformImages();
    multiply();
    nest.close();
    nest.close();
    writeResult(part);
    nest.close();
    Work work;
    work.items = parts * slices;
    return work;
  }

private:
  void clearSums() {
    Value place = nest.open(0, blocks.points() * pointStride, lanes);
    storeVector(nest, zeroVectors(nest, shape.element, lanes, 1)[0], sums.memref, place);
    nest.close();
  }

  /// The band of all images of a block. One that is not there adds nothing: its y is zero.
  void transformImages() {
    Value row = nest.math().mul(band, blocks.m), zero = nest.math().constant(0);
    Value place = nest.open(zero, imageCount);
    IndexMath math = nest.math();
    Lanes n{math.add(firstImage, place), nest.depth()};
    x.stage(conv.getLoadX(), inputs, n, row, firstInput, math.constant(0));
    transformedX.fill(x.pixels(math), matrices.input, blocks.m, place);
    transformedY.fill(pixelsOfY(n, row), transposed(matrices.output), blocks.m, place);
    nest.close();
    if (blocks.images == 1)
      return;
    Value missing = nest.open(imageCount, nest.math().constant(blocks.images));
    y.clear(nest.math().constant(0), nest.math().constant(y.elements()));
    transformedX.fill(x.pixels(nest.math()), matrices.input, blocks.m, missing);
    transformedY.fill(y.pixels(nest.math()), transposed(matrices.output), blocks.m, missing);
    nest.close();
  }

  /// The rows of y of an image's band: where they lie, if whole tiles cover them and nothing is done to them, or
  /// staged.
  Pixels pixelsOfY(const Lanes &n, Value row) {
    IndexMath math = nest.math();
    const Buffer *input = inputReadAsItIs(conv.getLoadY(), inputs);
    if (input && input->storage() == shape.element && shape.P % blocks.m == 0 && shape.Q % blocks.m == 0) {
      Value first = math.add(math.mul(n.value, input->strides[0]), math.mul(row, input->strides[1]));
      return {input->memref, math.add(first, firstOutput), input->strides[1], input->strides[2]};
    }
    y.stage(conv.getLoadY(), inputs, n, row, firstOutput, math.constant(0));
    return y.pixels(nest.math());
  }

  /// sums[point] += transformedX[point]^T * transformedY[point]
  void multiply() {
    Tile size = tileFor(TileKind::ConvDw, kernel.getTarget(), blocks.blockK / lanes, conv.getScheduleAttr());
    int64_t rows = largestDivisor(blocks.blockC, size.rows), width = int64_t(size.vectors) * lanes;
    Value point = nest.open(0, blocks.points());
    Value panel = nest.open(0, sliceK / blocks.blockK);
    Value block = nest.open(0, shape.C / blocks.blockC), row = nest.open(0, blocks.blockC, rows);
    touchAhead(point, panel, nest.math().add(nest.math().mul(block, blocks.blockC), row), rows);
    forBlocks(nest, blocks.blockK, width, [&](Value column) {
      IndexMath math = nest.math();
      OuterProduct product;
      product.scalars = transformedX.getMemory();
      product.vectors = transformedY.getMemory();
      product.scalarBase =
          math.add(math.add(transformedX.pointPlace(point), math.mul(block, transformedX.blockStride())), row);
      product.vectorBase =
          math.add(math.add(transformedY.pointPlace(point), math.mul(panel, transformedY.blockStride())), column);
      product.scalarOffsets = llvm::to_vector(llvm::seq<int64_t>(0, rows));
      product.numVectors = size.vectors;
      product.lanes = lanes;
      product.loops = {{blocks.tiles(), blocks.blockC, blocks.blockK}};
      Value channel = math.add(math.mul(block, blocks.blockC), row);
      Value first = math.add(sumPlace(math, point, panel, channel), column);
      SmallVector<Value> places, values;
      for (int64_t i = 0; i < rows; ++i)
        for (unsigned v = 0; v < size.vectors; ++v)
          places.push_back(math.add(first, i * blocks.blockK + int64_t(v) * lanes));
      for (Value place : places)
        values.push_back(loadVector(nest, sums.memref, place, lanes));
      for (auto [value, place] : llvm::zip_equal(emitOuterProduct(nest, product, values), places))
        storeVector(nest, value, sums.memref, place);
    });
    for (int loop = 0; loop < 4; ++loop)
      nest.close();
  }

  /// Of the sums at a point: [panel][C][B].
  Value sumPlace(IndexMath math, Value point, Value panel, Value channel) {
    return math.add(math.mul(point, pointStride), math.mul(math.add(math.mul(panel, shape.C), channel), blocks.blockK));
  }

  /// A tile's share in what the next images need.
  void touchAhead(Value point, Value panel, Value channel, int64_t rows) {
    IndexMath math = nest.math();
    int64_t panels = sliceK / blocks.blockK, turns = shape.C / rows;
    Value part = math.add(math.mul(math.add(math.mul(point, panels), panel), turns), math.floorDiv(channel, rows));
    Value pixel = math.mul(band, blocks.m * shape.Q);
    int64_t pixels = blocks.images * std::min(blocks.bandRows * blocks.m, shape.P) * shape.Q;
    for (const ImageStream &stream : streams)
      stream.touch(nest, firstImage, pixel, pixels, part, blocks.points() * panels * turns);
  }

  /// Transforms the sums back to the part's place in the result, [K][C][taps], for as many channels of both sides at a
  /// time as there are lanes: they are turned round, as the result has others side by side.
  void writeResult(Value part) {
    Value panel = nest.open(0, sliceK / blocks.blockK), inner = nest.open(0, blocks.blockK, lanes);
    Value channel = nest.open(0, shape.C, lanes);
    transformBack(panel, inner, channel);
    IndexMath math = nest.math();
    Value k = math.add(math.add(firstOutput, math.mul(panel, blocks.blockK)), inner);
    k = math.add(math.mul(part, shape.groups * shape.K), k);
    writeTurned(math.add(math.mul(k, shape.taps()), math.mul(channel, taps())));
    for (int loop = 0; loop < 3; ++loop)
      nest.close();
  }

  /// Weights of a vector of outputs and of as many inputs, [C][taps][lanes].
  void transformBack(Value panel, Value inner, Value channel) {
    Value c = nest.open(0, lanes);
    IndexMath math = nest.math();
    Value first = math.add(sumPlace(math, math.constant(0), panel, math.add(channel, c)), inner);
    SmallVector<Value> square;
    for (int64_t point = 0; point < blocks.points(); ++point)
      square.push_back(loadVector(nest, sums.memref, math.add(first, point * pointStride), lanes));
    Value place = math.mul(c, taps() * lanes);
    for (auto [tap, value] : llvm::enumerate(emitTransform2D(nest, transposed(matrices.weight), square)))
      storeVector(nest, value, weights.memref, math.add(place, int64_t(tap) * lanes));
    nest.close();
  }

  void writeTurned(Value first) {
    Value weight = nest.open(0, taps() * lanes, lanes);
    IndexMath math = nest.math();
    SmallVector<Value> square;
    for (unsigned i = 0; i < lanes; ++i)
      square.push_back(loadVector(nest, weights.memref, math.mul(math.add(weight, i), lanes), lanes));
    for (auto [i, vector] : llvm::enumerate(transpose(nest, square)))
      storeVector(nest, vector, result.memref, math.add(math.add(first, weight), int64_t(i) * shape.taps()));
    nest.close();
  }

  int64_t taps() const { return shape.R * shape.S; }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvDwOp conv;
  ConvShape shape;
  PointInputs inputs;
  Buffer result;
  unsigned lanes;
  WinogradBlocks blocks;
  int64_t parts, sliceK; ///< Output channels of an item, all of one group.
  WinogradMatrices matrices;
  StagedImage x, y;
  WinogradDomain transformedX, transformedY;
  int64_t pointStride; ///< Of the sums: a line more than they need, as in the operands' domain.
  Buffer sums, weights;
  SmallVector<ImageStream> streams;
  Value firstOutput, firstInput, firstImage, imageCount, band;
};

} // namespace

Work kernel::emitConvDwWinograd(KernelFunction &kernel, fused::ConvDwOp conv) {
  return WinogradDwEmitter(kernel, conv).run();
}
