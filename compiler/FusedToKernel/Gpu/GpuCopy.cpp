//===- GpuCopy.cpp - The kernel that copies a buffer, on a GPU ------------===//
//
// Takes the place of the one that Host/Copy.h defines for a CPU: the same arguments
// (from, to, bytes) and items. Buffers that are aligned are copied by words.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Lanes.h"
#include "Host/Copy.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Copies the elements from `first` to `last` of the two buffers, the threads side by side.
static void copyElements(KernelFunction &kernel, Type element, Value first, Value last) {
  LoopNest &nest = kernel.loops();
  auto type = RankedTensorType::get({ShapedType::kDynamic}, element);
  Buffer from = kernel.tensor(0, type), to = kernel.tensor(1, type);
  Lanes index{nest.open(nest.math().add(first, kernel.thread()), last, threadsPerBlock), nest.depth()};
  LaneMath math(kernel, 1);
  math.store(to, {index}, math.load(from, {index}, nest.depth()));
  nest.close();
}

void kernel::defineGpuCopy(ModuleOp kernels, const Target &target) {
  constexpr int64_t wordBytes = 4, arguments = 3;
  KernelFunction kernel(kernels, host::copyKernel, "copy", kernels.getLoc(), target);
  IndexMath math = kernel.loops().math();
  Value begin = math.mul(kernel.block(), host::bytesPerCopyItem);
  Value end = math.min(math.add(begin, host::bytesPerCopyItem), kernel.integer(2));
  auto restOf = [&](Value value) { return math.sub(value, math.roundDown(value, wordBytes)); };
  Value odd = math.add(restOf(kernel.integer(0)), restOf(kernel.integer(1)));
  Value isOdd = arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ne, odd, math.constant(0));
  Value words = arith::SelectOp::create(math.builder, math.loc, isOdd, begin, math.roundDown(end, wordBytes));
  copyElements(kernel, math.builder.getI32Type(), math.floorDiv(begin, wordBytes), math.floorDiv(words, wordBytes));
  copyElements(kernel, math.builder.getI8Type(), words, end);
  describeGpuKernel(kernel, arguments, /*isNarrow=*/false); // Bytes of buffers of any size.
}
