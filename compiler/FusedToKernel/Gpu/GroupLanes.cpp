//===- GroupLanes.cpp - Small groups of channels in vectors ---------------===//

#include "FusedToKernel/Gpu/GroupLanes.h"
#include "FusedToKernel/Gpu/Grid.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

bool GroupLanes::suit(const Target &target, const ConvShape &shape) {
  int64_t most = TileProduct::hasTensorCores(target, shape.element) ? 4 : 8;
  return shape.groups > 1 && shape.C <= most && shape.K <= most;
}

/// Whether a program takes many instructions, as such with a function do.
static bool isLong(Region &program) {
  constexpr int64_t fewOperations = 8;
  Block &block = program.front();
  return llvm::any_of(block, [](Operation &op) { return isa<math::MathDialect>(op.getDialect()); }) ||
         llvm::count_if(block, [](Operation &op) { return !isa<arith::ConstantOp>(op); }) > fewOperations;
}

GroupLanes::GroupLanes(const Target &target, const WindowShape &shape, ArrayRef<Region *> programs, int64_t channels)
    : shape(shape), numLanes(lanesOfChannels(target, *programs[0], channels, shape.element)) {
  if (llvm::any_of(programs, [](Region *program) { return isLong(*program); }))
    numLanes = std::min<int64_t>(numLanes, target.lanes(shape.element));
  auto fits = [&] {
    return shape.groups * shape.K % numLanes == 0 && (numLanes % shape.K == 0 || shape.K % numLanes == 0);
  };
  while (!fits())
    numLanes /= 2;
}

Type GroupLanes::type() const { return numLanes == 1 ? shape.element : VectorType::get({numLanes}, shape.element); }

SmallVector<Value> GroupLanes::fetch(KernelFunction &kernel, Region &program, const PointInputs &inputs, Value output,
                                     const Lanes &n, const Lanes &h, const Lanes &w, Value isThere) const {
  LoopNest &nest = kernel.loops();
  IndexMath outside = nest.math(0);
  int64_t span = std::max<int64_t>(1, numLanes / shape.K) * shape.C;
  unsigned loaded = lanesOfChannels(kernel.getTarget(), program, span, shape.element);
  Value first = outside.mul(outside.floorDiv(output, shape.K), shape.C);
  SmallVector<Value> parts;
  LaneMath math(kernel, loaded);
  for (int64_t channel = 0; channel < span; channel += loaded) {
    Lanes c = fetchedChannel(kernel, program, outside.add(first, channel), loaded);
    Value part = math.whole(emitProgram(kernel, math, program, inputs, {n, c, h, w}, /*piece=*/0)[0]);
    parts.push_back(isThere ? orZero(nest.here(), nest.getLoc(), isThere, part) : part);
  }
  if (shape.C == 1 && shape.K == 1 && loaded == numLanes)
    return parts;

  OpBuilder builder = nest.here();
  auto element = [&](int64_t channel) -> Value {
    Value part = parts[channel / loaded];
    return loaded == 1 ? part : vector::ExtractOp::create(builder, nest.getLoc(), part, channel % loaded).getResult();
  };
  SmallVector<Value> result;
  for (int64_t c = 0; c < shape.C; ++c) {
    SmallVector<Value> ofLanes;
    for (int64_t lane = 0; lane < numLanes; ++lane)
      ofLanes.push_back(element(lane / shape.K * shape.C + c));
    result.push_back(numLanes == 1
                         ? ofLanes[0]
                         : vector::FromElementsOp::create(builder, nest.getLoc(), type(), ofLanes).getResult());
  }
  return result;
}

Value GroupLanes::multiplyAdd(LoopNest &nest, Value a, Value b, Value sum) {
  OpBuilder builder = nest.here();
  return math::FmaOp::create(builder, nest.getLoc(), a, b, sum);
}

SmallVector<Value> GroupLanes::zeros(LoopNest &nest, int64_t count) const {
  OpBuilder builder = nest.here();
  Value none = arith::ConstantOp::create(builder, nest.getLoc(), builder.getZeroAttr(type()));
  return SmallVector<Value>(count, none);
}

Value GroupLanes::widened(LoopNest &nest, Value value) const {
  OpBuilder builder = nest.here();
  return value.getType() == type() ? value : arith::ExtFOp::create(builder, nest.getLoc(), type(), value).getResult();
}
