//===- Passes.h - From the model's equations to the whole step --*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace nacre::grad {

#define GEN_PASS_DECL
#include "Grad/Passes.h.inc"

/// The stage `grad`: differentiates, composes the step, and simplifies what came of it.
void buildGradPipeline(mlir::OpPassManager &manager);
/// The same without the references that the check of gradients runs.
void buildUncheckedGradPipeline(mlir::OpPassManager &manager);

#define GEN_PASS_REGISTRATION
#include "Grad/Passes.h.inc"

} // namespace nacre::grad
