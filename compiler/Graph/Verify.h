//===- Verify.h - What the verifiers of graph ops share ---------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"
#include "Graph/Shapes.h"

namespace nacre::graph {

/// Fails, naming the axis, unless `actual` has the expected shape. `what` names
/// the value in the message: "result".
llvm::LogicalResult expectShape(mlir::Operation *op, llvm::StringRef what, mlir::RankedTensorType actual,
                                llvm::ArrayRef<int64_t> expected);

/// Fails unless the two values have one element type.
llvm::LogicalResult expectSameElement(mlir::Operation *op, llvm::StringRef aName, mlir::RankedTensorType a,
                                      llvm::StringRef bName, mlir::RankedTensorType b);

/// Fails unless every axis lies in [0, rank) and none comes twice.
llvm::LogicalResult expectAxes(mlir::Operation *op, llvm::StringRef what, llvm::ArrayRef<int64_t> axes, int64_t rank);

/// Fails unless the attribute has `count` entries.
llvm::LogicalResult expectCount(mlir::Operation *op, llvm::StringRef what, llvm::ArrayRef<int64_t> entries,
                                int64_t count, llvm::StringRef of);

} // namespace nacre::graph
