//===- Register.cpp - All dialects and passes, for every tool -------------===//

#include "Pipeline/Register.h"
#include "Fused/Fused.h"
#include "FusedToKernel/Passes.h"
#include "Grad/Passes.h"
#include "Graph/Graph.h"
#include "GraphToFused/Passes.h"
#include "Host/Host.h"
#include "Host/Passes.h"
#include "KernelToEmulator/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void nacre::registerDialects(DialectRegistry &registry) {
  registry.insert<graph::GraphDialect, fused::FusedDialect, host::HostDialect>();
  registry.insert<func::FuncDialect, arith::ArithDialect, math::MathDialect, tensor::TensorDialect, scf::SCFDialect,
                  vector::VectorDialect, memref::MemRefDialect, LLVM::LLVMDialect, NVVM::NVVMDialect>();
}

void nacre::registerPasses() {
  registerTransformsPasses();
  grad::registerGradPasses();
  PassPipelineRegistration<>("grad", "The stage `grad`: gradients, the composed step, and its simplification",
                             [](OpPassManager &manager) { grad::buildGradPipeline(manager); });
  registerGraphToFusedPasses();
  kernel::registerFusedToKernelPasses();
  host::registerHostPasses();
  emulator::registerKernelToEmulatorPasses();
}

void nacre::registerAll(DialectRegistry &registry) {
  registerDialects(registry);
  registerPasses();
}
