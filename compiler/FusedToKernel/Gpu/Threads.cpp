//===- Threads.cpp - What templates of a GPU share ------------------------===//

#include "FusedToKernel/Gpu/Threads.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

SmallVector<Value> kernel::indicesOf(IndexMath math, Value flat, ArrayRef<Value> extents) {
  SmallVector<Value> indices(extents.size());
  for (size_t axis = extents.size(); axis-- > 0;) {
    if (axis == 0) {
      indices[axis] = flat;
      break;
    }
    Value rest = math.floorDiv(flat, extents[axis]);
    indices[axis] = math.sub(flat, math.mul(rest, extents[axis]));
    flat = rest;
  }
  return indices;
}

void kernel::ifBelow(LoopNest &nest, Value lower, Value upper, function_ref<void()> body) {
  IndexMath math = nest.math();
  Value isBelow = arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ult, lower, upper);
  Value turns = arith::IndexCastUIOp::create(math.builder, math.loc, math.builder.getIndexType(), isBelow);
  nest.open(math.constant(0), turns);
  body();
  nest.close();
}

void kernel::describeGpuKernel(KernelFunction &kernel, int64_t arguments, bool isNarrow) {
  Operation *function = kernel.getFunction();
  Builder builder(function->getContext());
  function->setAttr(threadsAttr, builder.getI64IntegerAttr(threadsPerBlock));
  function->setAttr(sharedAttr, builder.getI64IntegerAttr(kernel.scratchBytes()));
  function->setAttr(argumentsAttr, builder.getI64IntegerAttr(arguments));
  if (isNarrow)
    function->setAttr(narrowAttr, builder.getUnitAttr());
}
