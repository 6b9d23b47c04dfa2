//===- KernelToLLVM.cpp - Kernels into the LLVM dialect -------------------===//

#include "FusedToKernel/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace nacre;

/// Lowers a module of one kernel.
static void lowerKernel(OpPassManager &passes, bool hasBf16) {
  passes.addPass(kernel::createExpandMath());
  // Common parts of neighbouring functions, like the exponential of erf's derivative.
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createLoopInvariantCodeMotionPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(arith::createArithExpandOpsPass({.includeBf16 = !hasBf16}));
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  // Pointers instead of descriptors: all memory of kernels is one-dimensional.
  ConvertFuncToLLVMPassOptions options;
  options.useBarePtrCallConv = true;
  passes.addPass(createConvertFuncToLLVMPass(options));
  passes.addPass(createReconcileUnrealizedCastsPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

void kernel::buildKernelToLLVMPipeline(OpPassManager &passes) {
  passes.addPass(createSeparateKernels());
  lowerKernel(passes.nest<ModuleOp>(), /*hasBf16=*/false);
}

void kernel::buildKernelToNVVMPipeline(OpPassManager &passes, bool hasBf16) {
  passes.addPass(createSeparateKernels());
  passes.addNestedPass<ModuleOp>(createNarrowIndices());
  lowerKernel(passes.nest<ModuleOp>(), hasBf16);
  passes.addNestedPass<ModuleOp>(createFinishGpuKernel());
}
