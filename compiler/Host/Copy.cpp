//===- Copy.cpp - The kernel that copies a buffer -------------------------===//

#include "Host/Copy.h"
#include "Host/Arena.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace nacre::host {

static constexpr int64_t grain = bytesPerCopyItem;

/// copy(arena, [from, to, bytes], begin, end): the bytes begin * grain .. min(end * grain, bytes) - 1.
static void defineKernel(ModuleOp kernels) {
  OpBuilder builder = OpBuilder::atBlockBegin(kernels.getBody());
  Location loc = kernels.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext()), word = builder.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                          {pointer, pointer, word, word, pointer});
  auto kernel = LLVM::LLVMFuncOp::create(builder, loc, copyKernel, type);
  Block *block = kernel.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  auto argument = [&](int64_t index) -> Value {
    Value at = LLVM::GEPOp::create(builder, loc, pointer, word, block->getArgument(1), ArrayRef<LLVM::GEPArg>{index});
    return LLVM::LoadOp::create(builder, loc, word, at);
  };
  auto shifted = [&](Value base, Value bytes) -> Value {
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base, ArrayRef<LLVM::GEPArg>{bytes});
  };
  Value size = LLVM::ConstantOp::create(builder, loc, word, grain);
  Value begin = LLVM::MulOp::create(builder, loc, block->getArgument(2), size);
  Value end = LLVM::MulOp::create(builder, loc, block->getArgument(3), size);
  end = LLVM::SMinOp::create(builder, loc, end, argument(2));
  Value from = shifted(shifted(block->getArgument(0), argument(0)), begin);
  Value to = shifted(shifted(block->getArgument(0), argument(1)), begin);
  Value bytes = LLVM::SubOp::create(builder, loc, end, begin);
  LLVM::MemcpyOp::create(builder, loc, to, from, bytes, /*isVolatile=*/false);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

LaunchOp createCopy(OpBuilder &builder, Location loc, Value value, StringRef label) {
  auto module = builder.getBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto kernels = module.lookupSymbol<ModuleOp>("kernels");
  if (!kernels) {
    OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
    kernels = ModuleOp::create(atEnd, module.getLoc(), "kernels");
  }
  if (!kernels.lookupSymbol(copyKernel))
    defineKernel(kernels);
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bytes = bytesOf(type);
  auto kernel = SymbolRefAttr::get(builder.getContext(), "kernels", {FlatSymbolRefAttr::get(builder.getContext(), copyKernel)});
  return LaunchOp::create(builder, loc, TypeRange(type), kernel, value, (bytes + grain - 1) / grain, /*scratch=*/0,
                          ArrayRef<int64_t>{bytes}, APFloat(0.0), APFloat(2.0 * bytes), label, ArrayRef<int64_t>{});
}

} // namespace nacre::host
