//===- StorageChoice.h - Which values become buffers ------------*- C++ -*-===//
//
// Every value of a function is either stored or virtual. What an anchor makes
// (reduction, contraction, window) and what the function returns is stored; a
// pointwise value is virtual, computed again by every nest that reads it, unless
//   - it is broadcast: then it is small, and computed once instead of per pixel;
//   - an anchor reads its elements many times (a generic contraction, a window);
//   - storing moves fewer bytes. With c nests reading it, b its bytes, r the bytes
//     it is computed from and f its arithmetic (in bytes: BYTES_PER_FLOP),
//         virtual costs c (r + f), stored costs r + f + b + c b.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Graph.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace nacre {

/// Arithmetic in bytes moved. A low price favours computing again, which also
/// keeps fewer values from the forward to the backward pass.
constexpr double bytesPerFlop = 0.03;

class StorageChoice {
public:
  /// Without `fuse` every value is stored; without `templates` every convolution is
  /// a plain sum.
  StorageChoice(mlir::Block &block, bool fuse, bool templates);

  /// Whether the op is a convolution that the convolution templates take: two
  /// spatial axes, one group, no negative padding of the staged operand.
  bool hasTemplate(mlir::Operation *op) const;

  bool isStored(mlir::Value value) const { return stored.contains(value); }
  /// Stored values in program order, block arguments not among them.
  llvm::ArrayRef<mlir::Value> values() const { return order; }
  /// Why a value is stored, and so is not part of the nests that read it.
  llvm::StringRef why(mlir::Value value) const;
  /// The contraction whose sums the stored value `root` is computed from on the
  /// spot, by its epilogue; null for others.
  mlir::Operation *anchorOf(mlir::Value root) const { return anchors.lookup(root); }
  /// The stored values (and block arguments) a value is computed from.
  llvm::SetVector<mlir::Value> leavesOf(mlir::Value value) const;
  /// How many values are stored because that moves fewer bytes.
  unsigned numChosen() const { return chosen; }

private:
  void storeResults(mlir::Block &block);
  void storeEpilogues(mlir::Block &block);
  void storeOperands(mlir::Block &block);
  void storeByCost(mlir::Block &block);
  void collectReaders(mlir::Value value);

  void store(mlir::Value value, const llvm::Twine &reason);

  bool templates;
  unsigned chosen = 0;
  llvm::DenseSet<mlir::Value> stored;
  llvm::SmallVector<mlir::Value> order;
  llvm::DenseMap<mlir::Value, mlir::Operation *> anchors;
  llvm::DenseMap<mlir::Value, std::string> reasons;
  /// By virtual value: the nests (stored values) that compute it.
  llvm::DenseMap<mlir::Value, llvm::SmallSetVector<mlir::Value, 4>> readers;
};

/// Whether an op's elements can be computed wherever they are read.
bool isPoint(mlir::Operation *op);
/// Bytes of a tensor.
int64_t bytesOf(mlir::Value value);

} // namespace nacre
