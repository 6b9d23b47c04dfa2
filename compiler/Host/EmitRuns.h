//===- EmitRuns.h - Launches and loops, with their places -------*- C++ -*-===//
#pragma once

#include "Host/FunctionPlan.h"

namespace nacre::host {

/// A place in the arena, and how far it moves with each turn of the repeats around, the outermost first.
struct Place {
  int64_t offset;
  llvm::SmallVector<int64_t> advance;
};

/// Writes the launches of an entry or, inside a repeat, of a body.
class RunEmitter {
public:
  /// Of an entry.
  RunEmitter(FunctionPlans &plans, const FunctionPlan &plan, llvm::SmallVector<Place> slots, int64_t workspace)
      : plans(plans), plan(plan), slots(std::move(slots)), workspace(workspace) {}

  Place placeOf(mlir::Value value) const;
  void emit(mlir::OpBuilder &builder) const;

private:
  RunEmitter bodyEmitter(LoopOp loop) const;
  void emitRun(mlir::OpBuilder &builder, LaunchOp launch) const;
  void emitRepeat(mlir::OpBuilder &builder, LoopOp loop) const;

  FunctionPlans &plans;
  const FunctionPlan &plan;
  llvm::SmallVector<Place> slots;
  int64_t workspace; ///< Where that of the function begins.
  size_t depth = 0;  ///< Repeats around.
};

} // namespace nacre::host
