//===- ScanAdjoint.h - Gradients of loops over time -------------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"
#include "llvm/ADT/DenseSet.h"

namespace nacre::grad {

/// The adjoint of a loop is a loop that runs the other way: its carries are the gradients of the carries and the sums
/// of those of invariants. What it needs of the forward loop it computes again from what was kept: the results of ops
/// that are not pointwise, and the carries. To keep these, the forward loop is replaced by one with more stacks.
///
/// Appends one value for each operand, or null where no gradient flows or `dependent` does not have the operand.
void adjointOfScan(mlir::OpBuilder &builder, graph::ScanOp scan, const llvm::DenseSet<mlir::Value> &dependent,
                   mlir::ValueRange resultGradients, llvm::SmallVectorImpl<mlir::Value> &operandGradients);

} // namespace nacre::grad
