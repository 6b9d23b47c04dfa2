//===- NestPlan.h - Which stored values are made together -------*- C++ -*-===//
#pragma once

#include "GraphToFused/StorageChoice.h"
#include "llvm/ADT/BitVector.h"

namespace nacre {

/// What becomes one loop nest.
struct Nest {
  enum class Kind { Map, Reduce, Anchor };
  Kind kind;
  /// What it stores. Reduce: the results of reductions over one domain, and values of
  /// the domain's shape. Anchor: an op's results, or the value of its epilogue and
  /// others computed from that.
  llvm::SmallVector<mlir::Value> values;
  llvm::SetVector<mlir::Value> leaves;
  /// The nests it needs, directly or not.
  llvm::BitVector ancestors;
  /// The anchor, or null.
  mlir::Operation *anchor = nullptr;
};

/// Groups the stored values into nests. Pointwise values of one shape that read
/// the same tensors share a nest, as do reductions of one domain, and both together.
/// A pointwise value joins the epilogue of the contraction it is computed from, unless
/// a reduction passes over it anyway: a contraction waits for arithmetic, a pass over
/// memory does not. None needs itself.
class NestPlan {
public:
  NestPlan(const StorageChoice &choice, bool merge);
  llvm::ArrayRef<Nest> nests() const { return all; }
  /// Index of the nest that makes a value; none for block arguments.
  std::optional<unsigned> nestOf(mlir::Value value) const;

private:
  void place(mlir::Value value);
  bool joinsPass(const Nest &nest, mlir::Value value, const llvm::SetVector<mlir::Value> &leaves) const;
  bool joins(unsigned nest, mlir::Value value, const llvm::SetVector<mlir::Value> &leaves) const;
  void join(unsigned nest, mlir::Value value, const llvm::SetVector<mlir::Value> &leaves);
  llvm::BitVector ancestorsOf(const llvm::SetVector<mlir::Value> &leaves, std::optional<unsigned> except) const;

  const StorageChoice &choice;
  std::vector<Nest> all;
  llvm::DenseMap<mlir::Value, unsigned> index;
};

} // namespace nacre
