//===- NvvmToEmulator.cpp - A kernel as one thread of the emulator --------===//

#include "KernelToEmulator/CheckAccesses.h"
#include "KernelToEmulator/ConvertOps.h"
#include "KernelToEmulator/Passes.h"
#include "KernelToEmulator/SharedMemory.h"

#include "mlir/IR/AttrTypeSubElements.h"

using namespace mlir;

namespace nacre::emulator {
#define GEN_PASS_DEF_NVVMTOEMULATOR
#include "KernelToEmulator/Passes.h.inc"

namespace {

/// All pointers of the CPU are alike.
void dropAddressSpaces(ModuleOp module) {
  module.walk([](LLVM::AddrSpaceCastOp cast) {
    cast.replaceAllUsesWith(cast.getArg());
    cast.erase();
  });
  AttrTypeReplacer replacer;
  replacer.addReplacement([](LLVM::LLVMPointerType type) { return LLVM::LLVMPointerType::get(type.getContext()); });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  for (auto global : module.getOps<LLVM::GlobalOp>())
    global.setAddrSpace(0);
}

bool isOfGpu(NamedAttribute attribute) {
  return attribute.getName().strref().starts_with("nvvm.") || attribute.getName().strref().starts_with("gpu.");
}

/// Forgets what only a GPU has: kernels, their limits, arguments by value.
void dropAttributes(Operation *op) {
  for (NamedAttribute attribute : SmallVector<NamedAttribute>(op->getDiscardableAttrs()))
    if (isOfGpu(attribute))
      op->removeDiscardableAttr(attribute.getName());
  auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
  if (!function)
    return;
  function.setCConv(LLVM::CConv::C);
  FunctionOpInterface interface = function;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    for (NamedAttribute attribute : SmallVector<NamedAttribute>(interface.getArgAttrs(i)))
      if (isOfGpu(attribute) || attribute.getName() == LLVM::LLVMDialect::getByValAttrName())
        interface.removeArgAttr(i, attribute.getName());
}

class NvvmToEmulator : public impl::NvvmToEmulatorBase<NvvmToEmulator> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    EmulatorCalls calls(module);
    SmallVector<LLVM::LLVMFuncOp> functions(module.getOps<LLVM::LLVMFuncOp>());
    for (LLVM::LLVMFuncOp function : functions)
      if (failed(checkAccesses(function, calls)) || failed(convertOps(function, calls)))
        return signalPassFailure();
    placeSharedArrays(module, calls);
    dropAddressSpaces(module);
    dropAttributes(module);
    for (LLVM::LLVMFuncOp function : functions)
      dropAttributes(function);
    module->removeAttr(LLVM::LLVMDialect::getDataLayoutAttrName());
    module->removeAttr(LLVM::LLVMDialect::getTargetTripleAttrName());
  }
};

} // namespace
} // namespace nacre::emulator
