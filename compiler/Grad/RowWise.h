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

namespace nacre::grad {

/// Which operands of an op are batches.
using IsBatch = llvm::function_ref<bool(mlir::Value)>;

/// Whether an op is row-wise, given which operands are batches; at least one is.
bool isRowWise(mlir::Operation *op, IsBatch isBatch);

/// A copy of a row-wise op with one result, on `factor` times as many rows.
mlir::Value cloneForRows(mlir::OpBuilder &builder, mlir::Operation *op, mlir::ValueRange operands, int64_t factor);

} // namespace nacre::grad
