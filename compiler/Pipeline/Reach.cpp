//===- Reach.cpp - The step to each stage ---------------------------------===//
//
// In the order of Stages.def. What passes a stage has, and why in this order, is
// said where they are defined: `buildGradPipeline` and its like.
//
//===----------------------------------------------------------------------===//

#include "AstToGraph/AstToGraph.h"
#include "FusedToKernel/Passes.h"
#include "Grad/Passes.h"
#include "GraphToFused/Passes.h"
#include "Host/Passes.h"
#include "KernelToEmulator/Passes.h"
#include "Pipeline/CompilationImpl.h"
#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace nacre;

Outcome Compilation::Impl::reachAst() { return std::nullopt; }

std::vector<std::string> Compilation::Impl::precisionPolicies() const {
  std::vector<std::string> policies = {"*=" + options.precision};
  llvm::append_range(policies, options.precisionOfPaths);
  return policies;
}

bool Compilation::Impl::uses(StringRef precision) const {
  return llvm::any_of(precisionPolicies(), [&](StringRef policy) { return policy.rsplit('=').second == precision; });
}

Outcome Compilation::Impl::reachGraph() {
  ToGraphOptions asked{
      .floatBits = isDouble() ? 64u : 32u, .lossScale = uses("f16"), .runsAhead = target.hasGpuKernels()};
  module = toGraph(program, asked, context);
  return module ? std::nullopt : failure(Stage::Graph);
}

Outcome Compilation::Impl::reachGrad() {
  return runPasses(*module, target.hasGpuKernels() ? grad::buildUncheckedGradPipeline : grad::buildGradPipeline);
}

/// PATTERN=TILE for each policy, the last that matches holding: what is `given`, or what the experiment says.
static SmallVector<std::string> winogradPolicies(const lang::Program &program, StringRef given) {
  if (!given.empty())
    return {("*=" + given).str()};
  SmallVector<std::string> policies = {"*=f4"};
  for (const lang::Policy &policy : program.settings.winograd)
    if (const auto *tile = std::get_if<std::string>(&policy.value.value))
      policies.push_back(policy.pattern + "=" + *tile);
  return policies;
}

Outcome Compilation::Impl::reachFused() {
  return runPasses(*module, [&](OpPassManager &passes) {
    GraphToFusedOptions options;
    options.fuse = options.templates = target.fuses();
    if (!target.hasGpuKernels())
      options.winograd = winogradPolicies(program, this->options.winograd);
    options.schedule = this->options.schedule;
    options.target = target.name;
    options.gpu = target.hasGpuKernels();
    passes.addPass(createGraphToFused(options));
    passes.addPass(createHoistInvariants());
    // Weights that are packed in front of a loop may be packed there already.
    passes.addPass(createCSEPass());
    if (!isDouble())
      passes.addPass(createNarrowStorage(
          {.policies = llvm::to_vector(precisionPolicies()), .tensorCores = target.hasGpuKernels()}));
    if (target.fuses())
      passes.addPass(createRecomputeCheap());
  });
}

Outcome Compilation::Impl::reachKernel() {
  return runPasses(*module, [&](OpPassManager &passes) {
    kernel::FusedToKernelOptions options;
    options.gpu = target.hasGpuKernels();
    options.architecture = target.architecture;
    options.vectorBits = target.host.vectorBits();
    passes.addPass(kernel::createFusedToKernel(options));
  });
}

Outcome Compilation::Impl::reachHost() {
  return runPasses(*module, [&](OpPassManager &passes) {
    passes.addPass(host::createPlanMemory());
    // Needs the places: what lies side by side is done in one go.
    passes.addPass(host::createMergeLaunches());
    // Needs them, too: what is written where it was read is missed once.
    if (target.fuses() && !target.hasGpuKernels())
      passes.addPass(kernel::createPredictCosts());
  });
}

Outcome Compilation::Impl::reachLLVM() {
  auto kernels = module->lookupSymbol<ModuleOp>("kernels");
  if (!kernels)
    return Failure{Failure::Fault::Ours, "there are no kernels"};
  lowered = kernels.clone();
  return runPasses(*lowered, [&](OpPassManager &passes) {
    if (target.kind == TargetPlan::Kind::Cuda)
      kernel::buildKernelToNVVMPipeline(passes, /*hasBf16=*/true);
    else if (target.kind == TargetPlan::Kind::Emulator)
      kernel::buildKernelToNVVMPipeline(passes, /*hasBf16=*/false);
    else
      kernel::buildKernelToLLVMPipeline(passes);
    if (target.kind == TargetPlan::Kind::Cuda)
      passes.addNestedPass<ModuleOp>(createConvertNVVMToLLVMPass());
    else if (target.kind == TargetPlan::Kind::Emulator)
      passes.addNestedPass<ModuleOp>(emulator::createNvvmToEmulator());
  });
}

Outcome Compilation::Impl::reachAsm() { return std::nullopt; }
