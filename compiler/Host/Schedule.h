//===- Schedule.h - The order of the launches of an entry -------*- C++ -*-===//
#pragma once

#include "Host/Host.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace nacre::host {

/// Launches, with what has to come before what: a value before its readers, and whatever else was asked for.
class Schedule {
public:
  explicit Schedule(mlir::Block &block);

  /// Asks for `first` before `then`. Refuses, and changes nothing, where that closes a circle.
  bool require(llvm::ArrayRef<LaunchOp> first, LaunchOp then);
  /// Adds a launch that is not yet in the schedule.
  void add(LaunchOp launch);
  /// Wants a launch after all others that can come before it.
  void postpone(LaunchOp launch) { late.insert(launch); }

  /// An order that obeys; launches that are free to swap stay as they were in the block, postponed ones by kernel.
  llvm::SmallVector<LaunchOp> order() const;

private:
  bool reaches(mlir::Operation *from, const llvm::DenseSet<mlir::Operation *> &targets) const;
  llvm::SmallVector<mlir::Operation *> successors(mlir::Operation *op) const;

  llvm::SmallVector<LaunchOp> launches; ///< In the order of the block.
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Operation *>> extra;
  llvm::DenseSet<mlir::Operation *> late;
};

} // namespace nacre::host
