//===- RowWise.h - Ops that keep the rows of a batch apart ------*- C++ -*-===//
//
// The rows of a tensor are its indices along axis 0. An op is row-wise if each row of
// its result is computed from the same rows of its operands, and from others that
// are no batches. Then it can be done for all times of a loop at once: the rows of all
// times, one after another, are a larger batch.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Graph.h"
#include "llvm/ADT/SetVector.h"

namespace nacre::grad {

/// Which operands of an op are batches.
using IsBatch = llvm::function_ref<bool(mlir::Value)>;

/// The rows of a tensor; a scalar has none.
int64_t rowsOf(mlir::Value value);

/// Whether an op is row-wise, given which operands are batches; at least one is.
bool isRowWise(mlir::Operation *op, IsBatch isBatch);

/// A copy of a row-wise op with one result, for so many rows; so many have those of `operands` that are batches.
mlir::Value cloneForRows(mlir::OpBuilder &builder, mlir::Operation *op, mlir::ValueRange operands, int64_t rows);

/// Whether all rows of a value are repetitions of something: a number, or what is broadcast.
bool repeatsRow(mlir::Value value);

/// The values of a block whose rows are all the same, two at least.
class EqualRows {
public:
  /// Beside those found in the block, those of `given` are so.
  EqualRows(mlir::Block &block, llvm::ArrayRef<mlir::Value> given);

  bool contains(mlir::Value value) const { return values.contains(value); }
  /// The results of ops, in their order, that are contractions or reductions, or computed from one.
  llvm::ArrayRef<mlir::Value> costly() const { return ofCostly.getArrayRef(); }
  bool isCostly(mlir::Value value) const { return ofCostly.contains(value); }

private:
  llvm::DenseSet<mlir::Value> values;
  llvm::SetVector<mlir::Value> ofCostly;
};

} // namespace nacre::grad
