//===- GpuConvDw.cpp - A weight gradient on a GPU, as a matrix product ----===//
//
// Rows are the elements of a window, columns the output channels of a group, terms the
// pixels of a part of the batch.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/BlockGemm.h"
#include "FusedToKernel/Gpu/ConvOperand.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class GpuConvDwEmitter {
public:
  GpuConvDwEmitter(KernelFunction &kernel, fused::ConvDwOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(conv), inputs(inputsOf(kernel, conv)),
        result(resultsOf(kernel, conv)[0]),
        copiedX(copiedInput(kernel.getTarget(), conv.getLoadX(), inputs, shape.C, shape.element,
                            /*lanesAreTerms=*/false)),
        copiedY(copiedInput(kernel.getTarget(), conv.getLoadY(), inputs, shape.K, shape.element,
                            /*lanesAreTerms=*/false)),
        tile(BlockGemm::tileFor(kernel.getTarget(), shape.element, shape.window(), shape.K, copiedX && copiedY,
                                {&conv.getLoadX(), &conv.getLoadY()}, /*store=*/nullptr)),
        blocksAlongK(ceilDiv(shape.K, tile.columns)), blocksAlongWindow(ceilDiv(shape.window(), tile.rows)),
        gemm(kernel, shape.element, tile) {}

  Work run() {
    placeBlock();
    gemm.run(nest.math().sub(pastLast, firstPixel), x(), y(), /*store=*/nullptr);
    storeSums();
    Work work;
    work.items = conv.getParts() * shape.groups * blocksAlongWindow * blocksAlongK;
    return work;
  }

private:
  void placeBlock() {
    IndexMath math = nest.math();
    Value extents[] = {math.constant(0), math.constant(shape.groups), math.constant(blocksAlongWindow),
                       math.constant(blocksAlongK)};
    SmallVector<Value> place = indicesOf(math, kernel.block(), extents);
    part = place[0];
    group = place[1];
    firstRow = math.mul(place[2], tile.rows);
    firstColumn = math.mul(place[3], tile.columns);
    Value all = kernel.integer(inputs.firstExtent);
    auto bound = [&](Value number) {
      return math.mul(math.floorDiv(math.mul(number, all), conv.getParts()), shape.pixels());
    };
    firstPixel = bound(part);
    pastLast = bound(math.add(part, 1));
  }

  Pixel pixelOf(Value firstTerm, Value term) {
    IndexMath math = nest.math();
    return pixelAt(math, shape, math.add(math.add(firstPixel, firstTerm), term), pastLast);
  }

  GemmOperand x() {
    const Target &target = kernel.getTarget();
    Value channel = nest.math().mul(group, shape.C);
    if (copiedX)
      return {/*lanesAreTerms=*/false, target.lanes(copiedX->element), {}, [=, this](Value term, Value line) -> Locate {
                ImageOffset window = offsetOf(nest.math(), shape, *copiedX, windowOf(line));
                return [=, this](Value firstTerm) {
                  ImageOffset pixel = offsetOf(nest.math(), shape, *copiedX, pixelOf(firstTerm, term));
                  return sourceAt(nest.math(), shape, *copiedX, pixel, window, channel);
                };
              }};
    unsigned lanes = lanesOfChannels(target, conv.getLoadX(), shape.C, shape.element);
    return {/*lanesAreTerms=*/false, lanes, [=, this](Value term, Value line) -> Fetch {
              WindowPlace window = windowOf(line);
              return [=, this](Value firstTerm) {
                Pixel pixel = pixelOf(firstTerm, term);
                return fetchWindow(kernel, conv.getLoadX(), inputs, shape, pixel, window, channel, lanes);
              };
            }};
  }

  WindowPlace windowOf(Value line) { return windowAt(nest.math(), shape, nest.math().add(firstRow, line)); }

  /// Output channel `line` of the block, or the group's first; and whether it is there.
  std::pair<Value, Value> columnOf(Value line) {
    IndexMath math = nest.math();
    Value k = math.add(firstColumn, line), limit = math.constant(shape.K);
    Value isColumn = arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ult, k, limit);
    Value there = arith::SelectOp::create(math.builder, math.loc, isColumn, k, math.constant(0));
    return {math.add(math.mul(group, shape.K), there), isColumn};
  }

  GemmOperand y() {
    const Target &target = kernel.getTarget();
    if (copiedY)
      return {/*lanesAreTerms=*/false, target.lanes(copiedY->element), {}, [=, this](Value term, Value line) -> Locate {
                auto [column, isColumn] = columnOf(line);
                return [=, this, column = column, isColumn = isColumn](Value firstTerm) -> Source {
                  Pixel pixel = pixelOf(firstTerm, term);
                  IndexMath math = nest.math();
                  Value element = column;
                  for (auto [index, stride] : {std::pair(pixel.n, copiedY->strides[0]),
                                               {pixel.p, copiedY->strides[2]},
                                               {pixel.q, copiedY->strides[3]}})
                    element = math.add(element, math.mul(index, stride));
                  return {*copiedY, element, arith::AndIOp::create(math.builder, math.loc, pixel.isThere, isColumn)};
                };
              }};
    unsigned lanes = lanesOfChannels(target, conv.getLoadY(), shape.K, shape.element);
    auto fetch = [=, this](Value term, Value line) -> Fetch {
      auto [there, isColumn] = columnOf(line);
      return [=, this, there = there, isColumn = isColumn](Value firstTerm) {
        Pixel pixel = pixelOf(firstTerm, term);
        unsigned level = nest.depth();
        LaneMath laneMath(kernel, lanes);
        Lanes column = fetchedChannel(kernel, conv.getLoadY(), there, lanes);
        SmallVector<Lanes> at = {Lanes{pixel.n, level}, column, Lanes{pixel.p, level}, Lanes{pixel.q, level}};
        Lanes value = emitProgram(kernel, laneMath, conv.getLoadY(), inputs, at, /*piece=*/0)[0];
        OpBuilder builder = nest.here();
        Value isThere = arith::AndIOp::create(builder, nest.getLoc(), pixel.isThere, isColumn);
        return orZero(builder, nest.getLoc(), isThere, laneMath.whole(value));
      };
    };
    return {/*lanesAreTerms=*/false, lanes, fetch};
  }

  /// [part][K][C][R][S] in memory, or without parts.
  void storeSums() {
    int64_t taps = shape.R * shape.S, ofChannel = taps, ofOutput = taps * shape.C;
    int64_t ofPart = ofOutput * shape.K * shape.groups;
    Buffer rows{result.memref, result.element, {ofPart, ofOutput, ofChannel, 1}};
    gemm.forSums(/*lanes=*/1, [&](Value row, Value column, Value sums) {
      IndexMath math = nest.math();
      Value number = math.add(firstRow, row);
      ifBelow(nest, number, math.constant(shape.window()), [&] {
        IndexMath inner = nest.math();
        Value tap = inner.floorDiv(number, shape.C), c = inner.sub(number, inner.mul(tap, shape.C));
        unsigned level = nest.depth();
        for (unsigned lane = 0; lane < cast<VectorType>(sums.getType()).getNumElements(); ++lane) {
          Value k = nest.math(0).add(nest.math(0).add(firstColumn, column), lane);
          ifBelow(nest, k, nest.math(0).constant(shape.K), [&] {
            LaneMath laneMath(kernel, 1);
            OpBuilder builder = nest.here();
            Value sum = vector::ExtractOp::create(builder, nest.getLoc(), sums, int64_t(lane)).getResult();
            Value output = nest.math(0).add(nest.math(0).mul(group, shape.K), k);
            laneMath.store(rows, {Lanes{part}, Lanes{output}, Lanes{c, level}, Lanes{tap, level}}, {sum, nest.depth()});
          });
        }
      });
    });
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvDwOp conv;
  WindowShape shape;
  PointInputs inputs;
  Buffer result;
  std::optional<Buffer> copiedX, copiedY;
  BlockTile tile;
  int64_t blocksAlongK, blocksAlongWindow;
  BlockGemm gemm;
  Value part, group, firstRow, firstColumn, firstPixel, pastLast;
};

} // namespace

Work kernel::emitGpuConvDw(KernelFunction &kernel, fused::ConvDwOp conv) {
  return GpuConvDwEmitter(kernel, conv).run();
}
