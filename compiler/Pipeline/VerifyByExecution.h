//===- VerifyByExecution.h - A pass must not change results -----*- C++ -*-===//
//
// Runs functions of graph ops through the reference evaluator before and after a
// rewrite, on made-up arguments, and compares what they return. It does not judge
// functions that only one side has, or whose arguments differ.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassInstrumentation.h"
#include <memory>
#include <string>

namespace nacre {

/// The first difference between results of functions of one name, or nothing. Results are matched
/// by role and name, or by position where they have none. `tolerance` is relative to the largest
/// element of a result in f64; results in narrower types have the bound 1e-3.
std::optional<std::string> differenceByExecution(mlir::ModuleOp before, mlir::ModuleOp after, double tolerance = 1e-10);

/// Does so around every pass; a difference is an error at the function, and sets `anyDifference`.
std::unique_ptr<mlir::PassInstrumentation> makeVerifyByExecution(bool &anyDifference);

} // namespace nacre
