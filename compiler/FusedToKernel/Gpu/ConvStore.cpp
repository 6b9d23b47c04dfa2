//===- ConvStore.cpp - From a thread's sums to results --------------------===//

#include "FusedToKernel/Gpu/ConvStore.h"
#include "FusedToKernel/Arguments.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/ResultAxes.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

ConvStore::ConvStore(KernelFunction &kernel, fused::ConvOp conv, const PointInputs &inputs)
    : kernel(kernel), nest(kernel.loops()), conv(conv), inputs(inputs), results(resultsOf(kernel, conv)) {}

unsigned ConvStore::lanesOf(int64_t channels, unsigned most) {
  int64_t axis = lowestAxisOf(conv, channelAxis);
  unsigned lanes = most;
  auto fits = [&] {
    return channels % lanes == 0 && isLowestDigit(conv, channels, lanes) &&
           llvm::all_of(results, [&](const Buffer &result) { return result.strides[axis] == 1; }) &&
           readsAligned(conv.getStore(), conv.getStore().getArgument(axis), lanes);
  };
  while (lanes > 1 && !fits())
    lanes /= 2;
  return lanes;
}

void ConvStore::store(const Pixel &pixel, unsigned level, const Lanes &k, Value sums, unsigned lanes) {
  LaneMath math(kernel, lanes);
  SmallVector<Lanes> index =
      resultIndex(nest, conv, Lanes{pixel.n, level}, k, Lanes{pixel.p, level}, Lanes{pixel.q, level});
  SmallVector<Lanes> arguments = index;
  arguments.push_back(Lanes{sums, nest.depth(), 0, lanes > 1});
  SmallVector<Lanes> values = emitProgram(kernel, math, conv.getStore(), inputs, arguments, /*piece=*/0);
  for (auto [result, value] : llvm::zip_equal(results, values))
    math.store(result, index, value);
}

Value ConvStore::slice(Value sums, int64_t first, int64_t lanes) {
  auto vector = dyn_cast<VectorType>(sums.getType());
  if (!vector || (lanes > 1 && lanes == vector.getNumElements()))
    return sums;
  OpBuilder builder = nest.here();
  if (lanes == 1)
    return vector::ExtractOp::create(builder, nest.getLoc(), sums, first).getResult();
  return vector::ExtractStridedSliceOp::create(builder, nest.getLoc(), sums, first, lanes, int64_t(1));
}
