//===- UniqueOps.h - Makes every op once ------------------------*- C++ -*-===//
//
// For passes that rewrite a body from top to bottom: equal ops (operands of
// commutative ops in any order) are one, so that values can be compared by
// identity; and values are numbered in the order in which they were met, which
// gives products an order that does not depend on addresses.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Term.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace nacre::grad {

class UniqueOps {
public:
  explicit UniqueOps(mlir::func::FuncOp function);

  /// New ops go before this one, and have its location.
  void moveBefore(mlir::Operation *op);
  /// A term at the current place.
  graph::Term term(mlir::Value value) { return graph::Term(builder, loc, value); }

  /// `value`, or the equal one that was met before. To be called for each op as it is met.
  mlir::Value meet(mlir::Value value);
  /// The same for an op just made, which is erased if it is not needed.
  mlir::Value unique(mlir::Value value);
  /// All uses of `old`, now and later, become uses of `fresh`.
  void replace(mlir::Value old, mlir::Value fresh);

  mlir::Value constant(mlir::RankedTensorType type, double splat);
  mlir::Value broadcast(mlir::Value x, mlir::RankedTensorType type, llvm::ArrayRef<int64_t> axes);
  template <typename Op> mlir::Value binary(mlir::Value a, mlir::Value b) { return unique(term(a).same<Op>(b)); }
  /// x * c, spelled as a negation for -1.
  mlir::Value scaled(mlir::Value x, double c);

  /// When the value was met.
  int64_t number(mlir::Value value);

private:
  struct SameOp : llvm::DenseMapInfo<mlir::Operation *> {
    static unsigned getHashValue(const mlir::Operation *op);
    static bool isEqual(const mlir::Operation *a, const mlir::Operation *b);
  };

  mlir::OpBuilder builder;
  mlir::Location loc;
  llvm::DenseSet<mlir::Operation *, SameOp> met;
  llvm::DenseMap<mlir::Value, mlir::Value> replaced;
  llvm::DenseMap<mlir::Value, int64_t> numbers;
};

} // namespace nacre::grad
