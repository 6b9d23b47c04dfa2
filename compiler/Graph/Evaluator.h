//===- Evaluator.h - Running graph functions on dense arrays ----*- C++ -*-===//
//
// The reference evaluator: what a graph function means, op by op. It is the
// oracle of every target and the constant folder; never fast, always readable.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Array.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace nacre::graph {

/// The results of a function of graph ops, one block, for these arguments.
/// Fails, with an error at the op, if one cannot be evaluated.
llvm::FailureOr<std::vector<Array>> evaluateFunction(mlir::func::FuncOp function, llvm::ArrayRef<Array> arguments,
                                                     const EvaluationContext &context);

/// A constant as an array, and back. Other attributes than dense ones have no array.
std::optional<Array> arrayOf(mlir::ElementsAttr attribute);
mlir::DenseElementsAttr attributeOf(const Array &array);

} // namespace nacre::graph
