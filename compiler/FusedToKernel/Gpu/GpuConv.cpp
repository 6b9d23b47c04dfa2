//===- GpuConv.cpp - A convolution on a GPU, as a matrix product ----------===//
//
// Forward and input gradient: rows are the pixels of all images, columns the output
// channels of a group, terms the elements of a window. `store` runs over sums in
// registers.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/ConvResults.h"
#include "FusedToKernel/Gpu/BlockGemm.h"
#include "FusedToKernel/Gpu/ConvOperand.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class GpuConvEmitter {
public:
  GpuConvEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(conv), inputs(inputsOf(kernel, conv, 1)),
        results(resultsOf(kernel, conv)),
        columns(BlockGemm::columnsFor(kernel.getTarget(), shape.K, {&conv.getLoad()})),
        blocksAlongK(ceilDiv(shape.K, columns)), gemm(kernel, shape.element, columns) {}

  Work run() {
    placeBlock();
    gemm.run(nest.math().constant(shape.window()), image(), weights());
    storeSums();
    Work work;
    work.rowsPerItem = BlockGemm::rows;
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
    firstPixel = math.mul(place[0], BlockGemm::rows);
    group = place[1];
    firstColumn = math.mul(place[2], columns);
    pixels = math.mul(kernel.integer(inputs.firstExtent), shape.pixels());
  }

  GemmOperand image() {
    unsigned lanes = lanesOfChannels(kernel.getTarget(), conv.getLoad(), shape.C, shape.element);
    Value channel = nest.math().mul(group, shape.C);
    auto place = [=, this](Value term, Value line) -> Fetch {
      IndexMath math = nest.math();
      Pixel pixel = pixelAt(math, shape, math.add(firstPixel, line), pixels);
      return [=, this](Value firstTerm) {
        IndexMath inner = nest.math();
        WindowPlace window = windowAt(inner, shape, inner.add(firstTerm, term));
        return fetchWindow(kernel, conv.getLoad(), inputs, shape, pixel, window, channel, lanes);
      };
    };
    return {/*lanesAreTerms=*/true, lanes, place};
  }

  /// [R][S][C][K] in memory.
  GemmOperand weights() {
    int64_t all = shape.K * shape.groups;
    unsigned lanes = kernel.getTarget().lanes(shape.element);
    if (shape.K % lanes != 0)
      lanes = 1;
    Buffer weight = kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()));
    weight.strides = {all, 1};
    auto place = [=, this](Value term, Value line) -> Fetch {
      IndexMath math = nest.math();
      Value k = math.add(firstColumn, line), isColumn = isBelow(math, k, shape.K);
      Value column = math.add(math.mul(group, shape.K), select(math, isColumn, k));
      return [=, this](Value firstTerm) {
        IndexMath inner = nest.math();
        Value number = inner.add(firstTerm, term), isTerm = isBelow(inner, number, shape.window());
        LaneMath laneMath(kernel, lanes);
        unsigned level = nest.depth();
        Lanes value =
            laneMath.load(weight, {Lanes{select(inner, isTerm, number), level}, Lanes{column, 0, lanes > 1}}, level);
        Value isThere = arith::AndIOp::create(inner.builder, inner.loc, isTerm, isColumn);
        return orZero(nest.here(), nest.getLoc(), isThere, value.value);
      };
    };
    return {/*lanesAreTerms=*/false, lanes, place};
  }

  static Value isBelow(IndexMath math, Value value, int64_t limit) {
    return arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ult, value, math.constant(limit));
  }
  static Value select(IndexMath math, Value isThere, Value value) {
    return arith::SelectOp::create(math.builder, math.loc, isThere, value, math.constant(0));
  }

  /// Whether sums side by side can be stored as vectors.
  bool storesVectors() {
    unsigned lanes = gemm.lanes();
    int64_t axis = lowestAxisOf(conv, /*counted=*/1);
    return shape.K % lanes == 0 && isLowestDigit(conv, shape.K, lanes) &&
           llvm::all_of(results, [&](const Buffer &result) { return result.strides[axis] == 1; }) &&
           readsAligned(conv.getStore(), conv.getStore().getArgument(axis), lanes);
  }

  void storeSums() {
    bool isVector = storesVectors();
    gemm.forSums([&](Value row, Value column, Value sums) {
      IndexMath math = nest.math();
      Value number = math.add(firstPixel, row), k = math.add(firstColumn, column);
      ifBelow(nest, number, pixels, [&] {
        Pixel pixel = pixelAt(nest.math(), shape, number, pixels);
        unsigned level = nest.depth();
        for (unsigned lane = 0; lane < (isVector ? 1 : gemm.lanes()); ++lane)
          ifBelow(nest, nest.math(0).add(k, lane), nest.math(0).constant(shape.K), [&] {
            OpBuilder builder = nest.here();
            Value sum = sums;
            if (!isVector)
              sum = vector::ExtractOp::create(builder, nest.getLoc(), sums, int64_t(lane)).getResult();
            storeOne(pixel, level, nest.math(0).add(k, lane), sum, isVector ? gemm.lanes() : 1);
          });
      });
    });
  }

  void storeOne(const Pixel &pixel, unsigned level, Value column, Value sum, unsigned lanes) {
    LaneMath math(kernel, lanes);
    // Loads of what depends on the channel alone may leave the loops that ask whether it is there.
    IndexMath outside = nest.math(0);
    Value existing = outside.min(column, outside.constant(shape.K - lanes));
    Lanes k{outside.add(outside.mul(group, shape.K), existing), 0, lanes > 1};
    SmallVector<Lanes> index =
        resultIndex(nest, conv, Lanes{pixel.n, level}, k, Lanes{pixel.p, level}, Lanes{pixel.q, level});
    SmallVector<Lanes> arguments = index;
    arguments.push_back(Lanes{sum, nest.depth(), 0, lanes > 1});
    SmallVector<Lanes> values = emitProgram(kernel, math, conv.getStore(), inputs, arguments, /*piece=*/0);
    for (auto [result, value] : llvm::zip_equal(results, values))
      math.store(result, index, value);
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  WindowShape shape;
  PointInputs inputs;
  SmallVector<Buffer> results;
  int64_t columns, blocksAlongK;
  BlockGemm gemm;
  Value firstPixel, pixels, group, firstColumn;
};

} // namespace

Work kernel::emitGpuConv(KernelFunction &kernel, fused::ConvOp conv) { return GpuConvEmitter(kernel, conv).run(); }
