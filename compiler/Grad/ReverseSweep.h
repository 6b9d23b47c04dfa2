//===- ReverseSweep.h - Reverse mode over straight-line code ----*- C++ -*-===//
#pragma once

#include "Grad/ScanAdjoint.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace nacre::grad {

/// The values of a block through which a change of `sources` can reach its results. An op without an adjoint
/// (stop_gradient, floor, comparisons) passes nothing on.
llvm::DenseSet<mlir::Value> dependentOn(llvm::ArrayRef<mlir::Value> sources, mlir::Block &body);

/// Sweeps backwards over a block, and makes the gradients of values in front of its terminator.
class ReverseSweep {
public:
  /// Of what depends on `sources`; `simplify` is for the bodies of loops.
  ReverseSweep(mlir::Block &body, llvm::ArrayRef<mlir::Value> sources, Simplify simplify);

  /// Says that a change of `value` changes the loss by `gradient`, beside what the sweep finds.
  void seed(mlir::Value value, mlir::Value gradient) { add(value, gradient); }
  /// Returns how many ops were visited.
  int64_t run();
  /// Of any value of the block; zeros where the loss does not depend on it.
  mlir::Value gradientOf(mlir::Value value);

private:
  bool visit(mlir::Operation *op);
  void add(mlir::Value value, mlir::Value gradient);
  void eraseUnused();

  mlir::Block &body;
  Simplify simplify;
  llvm::SmallVector<mlir::Operation *> forward;
  mlir::OpBuilder builder;
  llvm::DenseSet<mlir::Value> dependent;
  llvm::DenseMap<mlir::Value, mlir::Value> gradients;
};

} // namespace nacre::grad
