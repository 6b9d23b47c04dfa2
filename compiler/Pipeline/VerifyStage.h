//===- VerifyStage.h - What a stage may consist of --------------*- C++ -*-===//
#pragma once

#include "Pipeline/Stages.h"
#include "mlir/IR/BuiltinOps.h"

namespace nacre {

/// Fails, with an error at the op, if the module has an op of a dialect that the stage may not contain any more.
mlir::LogicalResult verifyStage(mlir::ModuleOp module, Stage stage);

} // namespace nacre
