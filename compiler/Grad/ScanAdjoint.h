//===- ScanAdjoint.h - Gradients of loops over time -------------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace nacre::grad {

/// Makes a function simpler that has a loop's body and its gradient.
using Simplify = llvm::function_ref<void(mlir::func::FuncOp)>;

/// The adjoint of a loop is a loop that runs the other way: its carries are the gradients of the carries and the sums
/// of those of invariants. What it needs of the forward loop it computes again from what was kept: the results of ops
/// that are not pointwise, and the carries. To keep these, the forward loop is replaced by one with more stacks.
/// Before, the body and its gradient are simplified together: laws may need to know how what is kept was made.
///
/// Appends one value for each operand, or null where no gradient flows or `dependent` does not have the operand.
void adjointOfScan(mlir::OpBuilder &builder, graph::ScanOp scan, const llvm::DenseSet<mlir::Value> &dependent,
                   mlir::ValueRange resultGradients, Simplify simplify,
                   llvm::SmallVectorImpl<mlir::Value> &operandGradients);

} // namespace nacre::grad
