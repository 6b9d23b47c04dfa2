//===- GpuConv.cpp - A convolution on a GPU, as a matrix product ----------===//
//
// Forward and input gradient: rows are the pixels of all images, columns the output
// channels of a group, terms the elements of a window. `store` runs over sums in
// registers.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/BlockGemm.h"
#include "FusedToKernel/Gpu/ConvStore.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Images of a batch, where its size is a matter of speed alone.
constexpr int64_t usualBatch = 128;

class GpuConvEmitter {
public:
  GpuConvEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(conv), inputs(inputsOf(kernel, conv, 1)),
        results(kernel, conv, inputs), weight(weightOf(kernel, conv)), copiedX(copiedImage()),
        tile(BlockGemm::tileFor(kernel.getTarget(), shape.element, usualBatch * shape.pixels(), shape.K,
                                copiedX && copiesWeights(), {&conv.getLoad()}, &conv.getStore())),
        blocksAlongK(ceilDiv(shape.K, tile.columns)), gemm(kernel, shape.element, tile) {}

  Work run() {
    placeBlock();
    gemm.run(nest.math().constant(shape.window()), image(), weights(), &conv.getStore());
    storeSums();
    Work work;
    work.rowsPerItem = tile.rows;
    work.rowsOfImage = shape.pixels();
    work.items = blocksAlongK * shape.groups;
    return work;
  }

private:
  /// Blocks that share pixels follow each other.
  void placeBlock() {
    IndexMath math = nest.math();
    Value extents[] = {math.constant(0), math.constant(shape.groups), math.constant(blocksAlongK)};
    SmallVector<Value> place = indicesOf(math, kernel.block(), extents);
    firstPixel = math.mul(place[0], tile.rows);
    group = place[1];
    firstColumn = math.mul(place[2], tile.columns);
    pixels = math.mul(kernel.integer(inputs.firstExtent), shape.pixels());
  }

  std::optional<Buffer> copiedImage() {
    if (shape.spread[0] * shape.spread[1] != 1)
      return std::nullopt;
    return copiedInput(kernel.getTarget(), conv.getLoad(), inputs, shape.C, shape.element, /*lanesAreTerms=*/true);
  }

  GemmOperand image() {
    if (copiedX)
      return copied(*copiedX);
    unsigned lanes = lanesOfChannels(kernel.getTarget(), conv.getLoad(), shape.C, shape.element);
    Value channel = nest.math().mul(group, shape.C);
    auto fetch = [=, this](Value term, Value line) -> Fetch {
      IndexMath math = nest.math();
      Pixel pixel = pixelAt(math, shape, math.add(firstPixel, line), pixels);
      return [=, this](Value firstTerm) {
        IndexMath inner = nest.math();
        WindowPlace window = windowAt(inner, shape, inner.add(firstTerm, term));
        return fetchWindow(kernel, conv.getLoad(), inputs, shape, pixel, window, channel, lanes);
      };
    };
    return {/*lanesAreTerms=*/true, lanes, fetch};
  }

  GemmOperand copied(const Buffer &image) {
    Value channel = nest.math().mul(group, shape.C);
    auto locate = [=, this](Value term, Value line) -> Locate {
      IndexMath math = nest.math();
      ImageOffset pixel = offsetOf(math, shape, image, pixelAt(math, shape, math.add(firstPixel, line), pixels));
      return [=, this](Value firstTerm) {
        IndexMath inner = nest.math();
        WindowPlace window = windowAt(inner, shape, inner.add(firstTerm, term));
        return sourceAt(inner, shape, image, pixel, offsetOf(inner, shape, image, window), channel);
      };
    };
    return {/*lanesAreTerms=*/true, kernel.getTarget().lanes(image.element), {}, locate};
  }

  /// [R][S][C][K] in memory, as one row.
  static Buffer weightOf(KernelFunction &kernel, fused::ConvOp conv) {
    Buffer weight = kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()));
    weight.strides = {1};
    return weight;
  }

  unsigned lanesOfWeights() {
    unsigned lanes = kernel.getTarget().lanes(weight.element);
    return shape.K % lanes == 0 ? lanes : 1;
  }
  /// Where they are what panels hold.
  bool copiesWeights() {
    return lanesOfWeights() > 1 && weight.element == TileProduct::panelElement(kernel.getTarget(), shape.element);
  }

  GemmOperand weights() {
    int64_t all = shape.K * shape.groups;
    unsigned lanes = lanesOfWeights();
    auto locate = [=, this](Value term, Value line) -> Locate {
      IndexMath math = nest.math();
      Value k = math.add(firstColumn, line), isColumn = isBelow(math, k, shape.K);
      Value column = math.add(math.mul(group, shape.K), select(math, isColumn, k));
      Value place = math.add(math.mul(term, all), column);
      return [=, this](Value firstTerm) -> Source {
        IndexMath inner = nest.math();
        Value isTerm = isBelow(inner, inner.add(firstTerm, term), shape.window());
        Value isThere = arith::AndIOp::create(inner.builder, inner.loc, isTerm, isColumn);
        return {weight, inner.add(place, inner.mul(firstTerm, all)), isThere};
      };
    };
    if (copiesWeights())
      return {/*lanesAreTerms=*/false, lanes, {}, locate};
    auto fetch = [=, this](Value term, Value line) -> Fetch {
      return [=, this, locate = locate(term, line)](Value firstTerm) {
        Source source = locate(firstTerm);
        Lanes at{select(nest.math(), source.isThere, source.element), nest.depth(), lanes > 1};
        Value value = LaneMath(kernel, lanes).load(source.memory, {at}, nest.depth()).value;
        return orZero(nest.here(), nest.getLoc(), source.isThere, widened(value));
      };
    };
    return {/*lanesAreTerms=*/false, lanes, fetch};
  }

  /// As the numbers of the sums.
  Value widened(Value value) {
    auto vector = dyn_cast<VectorType>(value.getType());
    Type wide = vector ? Type(vector.clone(shape.element)) : shape.element;
    OpBuilder builder = nest.here();
    return value.getType() == wide ? value : arith::ExtFOp::create(builder, nest.getLoc(), wide, value).getResult();
  }

  static Value isBelow(IndexMath math, Value value, int64_t limit) {
    return arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ult, value, math.constant(limit));
  }
  static Value select(IndexMath math, Value isThere, Value value) {
    return arith::SelectOp::create(math.builder, math.loc, isThere, value, math.constant(0));
  }

  void storeSums() {
    unsigned lanes = results.lanesOf(shape.K, gemm.lanes());
    gemm.forSums(lanes, [&](Value row, Value column, Value sums) {
      IndexMath math = nest.math();
      Value number = math.add(firstPixel, row), k = math.add(firstColumn, column);
      ifBelow(nest, number, pixels, [&] {
        Pixel pixel = pixelAt(nest.math(), shape, number, pixels);
        unsigned level = nest.depth();
        for (unsigned lane = 0; lane < columnsOf(sums); lane += lanes)
          ifBelow(nest, nest.math(0).add(k, lane), nest.math(0).constant(shape.K),
                  [&] { storeSome(pixel, level, nest.math(0).add(k, lane), results.slice(sums, lane, lanes), lanes); });
      });
    });
  }

  static unsigned columnsOf(Value sums) { return cast<VectorType>(sums.getType()).getNumElements(); }

  void storeSome(const Pixel &pixel, unsigned level, Value column, Value sums, unsigned lanes) {
    // Loads of what depends on the channel alone may leave the loops that ask whether it is there.
    IndexMath outside = nest.math(0);
    Value existing = outside.min(column, outside.constant(shape.K - lanes));
    Lanes k{outside.add(outside.mul(group, shape.K), existing), 0, lanes > 1};
    results.store(pixel, level, k, sums, lanes);
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  WindowShape shape;
  PointInputs inputs;
  ConvStore results;
  Buffer weight;
  std::optional<Buffer> copiedX;
  BlockTile tile;
  int64_t blocksAlongK;
  BlockGemm gemm;
  Value firstPixel, pixels, group, firstColumn;
};

} // namespace

Work kernel::emitGpuConv(KernelFunction &kernel, fused::ConvOp conv) { return GpuConvEmitter(kernel, conv).run(); }
