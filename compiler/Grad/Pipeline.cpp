//===- Pipeline.cpp - The order of the passes of `grad` -------------------===//

#include "Grad/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace nacre::grad;

/// Leaves one copy of what is equal (operands of commutative ops in any order) and nothing unused.
static void addCleanup(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

static void buildPipeline(OpPassManager &manager, bool hasCheck) {
  if (hasCheck)
    manager.addPass(createComposeCheck());
  // One copy of each value before the sweep: its gradient is then one sum.
  addCleanup(manager);
  manager.addPass(createSimplifyScans());
  manager.addPass(createPeelScans());
  manager.addNestedPass<func::FuncOp>(createShareRows());
  addCleanup(manager);
  manager.addPass(createSplitScans());
  manager.addPass(createDifferentiate());
  manager.addPass(createWarnDeadGradients());
  if (hasCheck)
    manager.addPass(createDifferentiate({.function = "forward_check"}));
  manager.addPass(createComposeStep());
  manager.addNestedPass<func::FuncOp>(createEraseStopGradient());
  addCleanup(manager);
  // What a loop does not need must be gone before others move out of it, and moving leaves more behind.
  manager.addPass(createSimplifyScans());
  manager.addPass(createBatchScans());
  manager.addPass(createSimplifyScans());
  manager.addPass(createSymbolDCEPass());
  addCleanup(manager);
  // Before the laws: they know that distances from a mean sum to zero, and may
  // spell the mean in another way.
  manager.addNestedPass<func::FuncOp>(createFormMoments());
  manager.addNestedPass<func::FuncOp>(createReduceSimplify());
  addCleanup(manager);
  // Behind the laws, which look for sums over one set of axes.
  manager.addNestedPass<func::FuncOp>(createUniteAxes());
  addCleanup(manager);
  // Behind the laws, too: whole sums are easier to compare than their parts.
  manager.addNestedPass<func::FuncOp>(createSplitReductions());
  addCleanup(manager);
  // Last: what is reduced once more is small then, and stays whole.
  manager.addNestedPass<func::FuncOp>(createSplitConcats());
  manager.addPass(createStackParts());
  addCleanup(manager);
}

void nacre::grad::buildGradPipeline(OpPassManager &manager) { buildPipeline(manager, /*hasCheck=*/true); }
void nacre::grad::buildUncheckedGradPipeline(OpPassManager &manager) { buildPipeline(manager, /*hasCheck=*/false); }
