//===- FunctionPlan.h - Order and places of a function's launches -*- C++ -*-===//
#pragma once

#include "Host/Workspace.h"

#include <map>
#include <memory>

namespace nacre::host {

/// An entry, or the body of a loop: the order of what it launches, and the places of its values.
struct FunctionPlan {
  Binding binding;
  Workspace workspace;
};

/// The plans of a module; a body is planned once, before the functions that repeat it.
class FunctionPlans {
public:
  const FunctionPlan &plan(mlir::func::FuncOp function, const Slots &slots);

  /// The slots of a body are those of the loop's operands, in whose places carries end, and then of its stacks.
  const FunctionPlan &bodyOf(LoopOp loop);

  /// Copies that were added.
  int64_t copies() const;

private:
  std::map<mlir::Operation *, std::unique_ptr<const FunctionPlan>> plans;
};

} // namespace nacre::host
