//===- FinishGpuKernel.cpp - What makes a function a kernel of a GPU ------===//

#include "FusedToKernel/Gpu/Threads.h"
#include "FusedToKernel/Passes.h"

using namespace mlir;

namespace nacre::kernel {
#define GEN_PASS_DEF_FINISHGPUKERNEL
#include "FusedToKernel/Passes.h.inc"

namespace {

class FinishGpuKernel : public impl::FinishGpuKernelBase<FinishGpuKernel> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (!function.isExternal() && function->hasAttr(threadsAttr))
        finish(function);
    for (auto global : getOperation().getOps<LLVM::GlobalOp>())
      if (global.getAddrSpace() == unsigned(NVVM::NVVMMemorySpace::Shared))
        allocateAtLaunch(global);
  }

  void finish(LLVM::LLVMFuncOp function) {
    Builder builder(&getContext());
    auto words = function->getAttrOfType<IntegerAttr>(argumentsAttr).getInt();
    Type arguments = LLVM::LLVMArrayType::get(builder.getI64Type(), words);
    function.setArgAttr(1, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(arguments));
    function.setArgAttr(1, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(8));
    function.setArgAttr(1, NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr());
    auto threads = function->getAttrOfType<IntegerAttr>(threadsAttr).getInt();
    function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
    function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(), builder.getDenseI32ArrayAttr({int32_t(threads), 1, 1}));
    // Else ptxas rather spills than lets one block have all registers.
    auto blocks = function->getAttrOfType<IntegerAttr>(blocksAttr);
    function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                      builder.getI32IntegerAttr(blocks ? blocks.getInt() : 1));
  }

  /// Its size is said when the kernel is launched.
  void allocateAtLaunch(LLVM::GlobalOp global) {
    global.setLinkage(LLVM::Linkage::External);
    global.getInitializerRegion().getBlocks().clear();
  }
};

} // namespace
} // namespace nacre::kernel
