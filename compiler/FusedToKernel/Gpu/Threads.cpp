//===- Threads.cpp - What templates of a GPU share ------------------------===//

#include "FusedToKernel/Gpu/Threads.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

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

Value kernel::opaque(OpBuilder builder, Location loc, Value number) {
  StringRef constraints = number.getType().isF32() ? "=f,0" : "=r,0";
  return LLVM::InlineAsmOp::create(builder, loc, number.getType(), number, /*asm_string=*/"", constraints,
                                   /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
                                   /*asm_dialect=*/{}, /*operand_attrs=*/{})
      .getRes();
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
