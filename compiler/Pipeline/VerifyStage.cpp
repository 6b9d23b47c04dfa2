//===- VerifyStage.cpp - What a stage may consist of ----------------------===//

#include "Pipeline/VerifyStage.h"

using namespace mlir;

LogicalResult nacre::verifyStage(ModuleOp module, Stage stage) {
  SmallVector<StringRef> allowed;
  StringRef(infoOf(stage).dialects).split(allowed, ' ', -1, /*KeepEmpty=*/false);
  WalkResult result = module.walk([&](Operation *op) -> WalkResult {
    if (llvm::is_contained(allowed, op->getName().getDialectNamespace()))
      return WalkResult::advance();
    return op->emitOpError("must not occur in the stage '") << infoOf(stage).name << "'";
  });
  return failure(result.wasInterrupted());
}
