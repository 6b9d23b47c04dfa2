//===- Workspace.h - The memory of what a function computes -----*- C++ -*-===//
#pragma once

#include "Host/Binding.h"
#include "Host/MemoryPlan.h"
#include "llvm/ADT/MapVector.h"

namespace nacre::host {

/// A value in memory.
struct Buffer {
  int64_t bytes;
  mlir::Value value;
};

/// Packs the values of a function that lie in no slot, each alive from where it is written to its last reader. The
/// workspace of a loop's body is alive at the loop, and the same memory in every turn.
class Workspace {
public:
  /// `ofBody` gives the planned workspace of a loop's body.
  Workspace(mlir::func::FuncOp function, const Binding &binding, llvm::function_ref<const Workspace &(LoopOp)> ofBody);

  int64_t bytes() const { return plan.bytes; }
  int64_t offsetOf(mlir::Value value) const { return plan.offsets[ofValue.lookup(value)]; }
  /// Where the workspace of a loop's body lies in this one.
  int64_t offsetOf(LoopOp loop) const { return plan.offsets[ofLoop.lookup(loop)]; }
  /// What is alive where the most memory is needed, that of loops included.
  llvm::ArrayRef<Buffer> peak() const { return alive; }

private:
  size_t add(int64_t bytes, int64_t step);
  void addValue(mlir::Value value, int64_t step, const Binding &binding);
  void addReads(mlir::ValueRange values, int64_t step);
  void allowOver(LaunchOp launch);

  std::vector<Lifetime> lifetimes;
  llvm::MapVector<mlir::Value, size_t> ofValue; ///< By value: a loop's carry shares the lifetime of its first value.
  llvm::MapVector<mlir::Operation *, size_t> ofLoop;
  MemoryPlan plan;
  llvm::SmallVector<Buffer> alive;
};

} // namespace nacre::host
