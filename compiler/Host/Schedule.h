//===- Schedule.h - The order of the launches of a function -----*- C++ -*-===//
#pragma once

#include "Host/Host.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace nacre::host {

/// The launches and loops of a block, with what has to come before what: a value before its readers, and whatever else
/// was asked for. Ops may still be added to the block.
class Schedule {
public:
  explicit Schedule(mlir::Block &block) : block(block) {}

  /// Asks for `first` before `then`. Refuses, and changes nothing, where that closes a circle.
  bool require(llvm::ArrayRef<mlir::Operation *> first, mlir::Operation *then);
  /// Wants a launch after all others that can come before it.
  void postpone(LaunchOp launch) { late.insert(launch); }

  /// An order that obeys; what is free to swap stays as it was in the block, postponed launches by kernel.
  llvm::SmallVector<mlir::Operation *> order() const;

private:
  bool reaches(mlir::Operation *from, const llvm::DenseSet<mlir::Operation *> &targets) const;
  llvm::SmallVector<mlir::Operation *> successors(mlir::Operation *op) const;

  mlir::Block &block;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Operation *>> extra;
  llvm::DenseSet<mlir::Operation *> late;
};

} // namespace nacre::host
