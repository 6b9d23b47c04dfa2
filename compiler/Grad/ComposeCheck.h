//===- ComposeCheck.h - The functions for the gradient check ----*- C++ -*-===//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nacre::grad {

/// Builds @gradient and @loss from the loss and its gradients, before that function. What is behind a stop_gradient is
/// a result of @gradient and an argument of @loss, in the role `held`: the loss is to change by what the gradient knows
/// of.
void composeCheck(mlir::func::FuncOp forward);

} // namespace nacre::grad
