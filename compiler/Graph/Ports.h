//===- Ports.h - What enters and leaves an entry function -------*- C++ -*-===//
//
// Arguments and results of the functions of a step carry `nacre.role` and
// `nacre.name`; here they are read and written together with their values.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nacre::graph {

/// On a function: others are judged by it. It is lowered as plainly as can be, op by op, and shares no memory with
/// other functions: parameters, states and gradients are ports like all others, for the runtime to fill and to read.
inline constexpr llvm::StringLiteral referenceAttr = "nacre.reference";

/// On @forward_train: how many micro-batches there are in an update, if there are several.
inline constexpr llvm::StringLiteral accumulateAttr = "nacre.accumulate";

/// On @forward_train: its gradients pass through numbers of f16, and need a loss scale.
inline constexpr llvm::StringLiteral lossScaleAttr = "nacre.loss_scale";

/// On @forward_train: an update may begin before it is known whether the loss of the one before is a finite number.
inline constexpr llvm::StringLiteral runsAheadAttr = "nacre.runs_ahead";

/// The state of such updates, for them alone: 0, or no number where a loss before was not finite.
inline constexpr llvm::StringLiteral haltedName = "nacre.halted";

struct Port {
  std::string role; ///< param, state, gradient, grad_norm, field, held, loss, metric, total, show, lr, loss_scale or
                    ///< skipped; of the body of a loop carry, slice or invariant
  std::string name; ///< a path, or a name
  mlir::Value value;

  bool is(llvm::StringRef role) const { return this->role == role; }
  bool is(llvm::StringRef role, llvm::StringRef name) const { return this->role == role && this->name == name; }
};

using Ports = llvm::SmallVector<Port>;

/// The arguments of a function.
Ports argumentsOf(mlir::func::FuncOp function);
/// The results of a function: the operands of its return.
Ports resultsOf(mlir::func::FuncOp function);
/// The port of that role and name, or null.
const Port *findPort(llvm::ArrayRef<Port> ports, llvm::StringRef role, llvm::StringRef name);

/// Adds an argument and gives its value.
mlir::Value addArgument(mlir::func::FuncOp function, mlir::Type type, llvm::StringRef role, llvm::StringRef name);
/// Makes the arguments of the entry block these ports, in their order.
void setArguments(mlir::func::FuncOp function, llvm::ArrayRef<Port> arguments);
/// Makes the function return these ports; makes its return where it has none.
void setResults(mlir::func::FuncOp function, llvm::ArrayRef<Port> results);
/// A public function without arguments and results, before the builder's insertion point.
mlir::func::FuncOp makeFunction(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name);

} // namespace nacre::graph
