//===- StorageChoice.h - Which values become buffers ------------*- C++ -*-===//
//
// Every value of a function is either stored or virtual. What an anchor makes
// (reduction, contraction, window, loop), what a loop reads and what the function
// returns is stored; a
// pointwise value is virtual, computed again by every nest that reads it, unless
//   - it is broadcast: then it is small, and computed once instead of per pixel;
//   - an anchor reads its elements many times (a generic contraction, a window);
//   - the nests that read it, and the one that makes it, then take less time. Time is
//     counted in bytes moved meanwhile. With b the bytes a nest reads and writes and f
//     its operations on elements, times BYTES_PER_OPERATION, a nest that moves memory
//     takes max(b, f); one that waits for the arithmetic of its contraction, as most
//     convolutions do, takes f + b / 2 beside that. The nest that makes the value is one
//     of its readers if that passes over the same domain anyway.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Graph.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace nacre {

class StorageChoice {
public:
  /// Without `fuse` every value is stored; without `templates` every convolution is
  /// a plain sum.
  StorageChoice(mlir::Block &block, bool fuse, bool templates);

  /// Whether the convolution templates take the op: a convolution with up to three
  /// spatial axes and no negative padding of the staged operand, or a dot that is large.
  bool hasTemplate(mlir::Operation *op) const;

  bool isStored(mlir::Value value) const { return stored.contains(value); }
  /// Stored values in program order, block arguments not among them.
  llvm::ArrayRef<mlir::Value> values() const { return order; }
  /// Why a value is stored, and so is not part of the nests that read it.
  llvm::StringRef why(mlir::Value value) const;
  /// What it would cost to store a value that the nest of `root` computes again, of those that were considered the one
  /// for which it would be the least more; empty if there is none.
  llvm::StringRef next(mlir::Value root) const;
  /// The contraction whose sums the stored value `root` is computed from on the
  /// spot, by its epilogue; null for others.
  mlir::Operation *anchorOf(mlir::Value root) const { return anchors.lookup(root); }
  /// The stored values (and block arguments) a value is computed from.
  llvm::SetVector<mlir::Value> leavesOf(mlir::Value value) const;
  /// How many values are stored because that takes less time.
  unsigned numChosen() const { return chosen; }

private:
  void storeResults(mlir::Block &block);
  void storeEpilogues(mlir::Block &block);
  void storeOperands(mlir::Block &block);
  void storeByCost(mlir::Block &block);
  /// The nests (stored values) that compute a virtual value, given that it stays so.
  llvm::SmallSetVector<mlir::Value, 4> readersOf(mlir::Value value) const;
  /// Whether a nest waits for the arithmetic of its contraction.
  bool isComputeBound(mlir::Value stored) const;

  /// What a nest moves and computes.
  struct Cost {
    double bytes = 0, arithmetic = 0;
    bool isComputeBound = false;
    double time() const { return isComputeBound ? arithmetic + bytes / 2 : std::max(bytes, arithmetic); }
  };
  /// The cost of the nest that makes `root`, if `extra` (or null) were stored, too.
  Cost costOf(mlir::Value root, mlir::Value extra) const;
  /// The time of all nests that have to do with a virtual value, as it is and if it were stored.
  struct Times {
    double computedAgain = 0, stored = 0;
    unsigned readers = 0;
    double saved() const { return computedAgain - stored; }
  };
  Times timesOf(mlir::Value value) const;

  void store(mlir::Value value, const llvm::Twine &reason);
  /// Keeps for its readers that a value stays virtual.
  void reject(mlir::Value value);

  bool templates;
  unsigned chosen = 0;
  llvm::DenseSet<mlir::Value> stored;
  llvm::SmallVector<mlir::Value> order;
  llvm::DenseMap<mlir::Value, mlir::Operation *> anchors;
  llvm::DenseMap<mlir::Value, std::string> reasons;
  struct Rejected {
    double loss;
    std::string text;
  };
  llvm::DenseMap<mlir::Value, Rejected> rejected; ///< By reader.
};

/// Whether an op's elements can be computed wherever they are read.
bool isPoint(mlir::Operation *op);
/// Bytes of a tensor.
int64_t bytesOf(mlir::Value value);

} // namespace nacre
