//===- Optimize.cpp - LLVM's passes for one kernel ------------------------===//

#include "Emit/Codegen.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/ADCE.h"
#include "llvm/Transforms/Scalar/DeadStoreElimination.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/GVN.h"
#include "llvm/Transforms/Scalar/IndVarSimplify.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

using namespace llvm;

namespace nacre::emit {

/// Loops: tests to the bottom, then what does not change out of them.
static FunctionPassManager loopPasses() {
  FunctionPassManager passes;
  LoopPassManager rotate;
  rotate.addPass(LoopRotatePass());
  rotate.addPass(LICMPass(LICMOptions()));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(rotate), /*UseMemorySSA=*/true));
  passes.addPass(SimplifyCFGPass());
  passes.addPass(InstCombinePass());
  LoopPassManager induction;
  induction.addPass(IndVarSimplifyPass());
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(induction)));
  return passes;
}

static FunctionPassManager kernelPasses() {
  FunctionPassManager passes;
  passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(SimplifyCFGPass());
  passes.addPass(InstCombinePass());
  passes.addPass(loopPasses());
  passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  passes.addPass(GVNPass());
  passes.addPass(DSEPass());
  LoopPassManager hoist;
  hoist.addPass(LICMPass(LICMOptions()));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(hoist), /*UseMemorySSA=*/true));
  passes.addPass(ADCEPass());
  passes.addPass(SimplifyCFGPass());
  passes.addPass(InstCombinePass());
  return passes;
}

/// Compares bf16 as f32: where denormals count as zeros PTX has no comparison of bf16, but LLVM writes one.
struct CompareWide : PassInfoMixin<CompareWide> {
  PreservedAnalyses run(Function &function, FunctionAnalysisManager & /*analyses*/) {
    for (Instruction &instruction : make_early_inc_range(instructions(function))) {
      auto *compare = dyn_cast<FCmpInst>(&instruction);
      if (!compare || !compare->getOperand(0)->getType()->getScalarType()->isBFloatTy())
        continue;
      IRBuilder<> builder(compare);
      Type *wide = compare->getOperand(0)->getType()->getWithNewType(builder.getFloatTy());
      Value *sides[] = {builder.CreateFPExt(compare->getOperand(0), wide),
                        builder.CreateFPExt(compare->getOperand(1), wide)};
      Value *same = builder.CreateFCmpFMF(compare->getPredicate(), sides[0], sides[1], compare);
      compare->replaceAllUsesWith(same);
      compare->eraseFromParent();
    }
    return PreservedAnalyses::none();
  }
};

void optimizeKernel(Module &module, TargetMachine &target) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager calls;
  ModuleAnalysisManager modules;
  PassBuilder builder(&target);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(calls);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, calls, modules);

  ModulePassManager passes;
  passes.addPass(AlwaysInlinerPass());
  passes.addPass(createModuleToFunctionPassAdaptor(kernelPasses()));
  if (target.getTargetTriple().isNVPTX())
    passes.addPass(createModuleToFunctionPassAdaptor(CompareWide()));
  passes.run(module, modules);
}

} // namespace nacre::emit
