//===- PointEmitter.h - Virtual values as scalar programs -------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"
#include <map>

namespace nacre {

/// Writes into a nest's region the scalar program of one element of a tensor, down
/// to elements of stored tensors. Elements that are asked for twice at the same
/// index are computed once.
class PointEmitter {
public:
  /// `stored` maps what is stored to the tensors of the fused function.
  PointEmitter(mlir::OpBuilder builder, const llvm::DenseMap<mlir::Value, mlir::Value> &stored)
      : builder(builder), stored(stored) {}

  /// This value is the given scalar at whatever index it is read (an accumulator).
  void bind(mlir::Value value, mlir::Value scalar) { bound[value] = scalar; }
  /// This value is computed here although it is stored by this very nest.
  void recompute(mlir::Value value) { own.insert(value); }
  mlir::Value emit(mlir::Value value, mlir::ValueRange index);

private:
  mlir::OpBuilder builder;
  const llvm::DenseMap<mlir::Value, mlir::Value> &stored;
  llvm::DenseMap<mlir::Value, mlir::Value> bound;
  llvm::DenseSet<mlir::Value> own;
  std::map<std::pair<void *, std::vector<void *>>, mlir::Value> known;
};

} // namespace nacre
