//===- Binding.h - Which values lie at places that are given ----*- C++ -*-===//
//
// A variable of an entry has its place in the arena. A body of a loop finds its
// carries, slices and invariants where the loop has them. Such a place is a slot.
// A slot that is argument and result is overwritten: in place where every other
// reader of the old value can come before, else through a temporary and a copy.
//
// A loop does so with its carries in any case: the last value lies where the
// first one was. That place must be the loop's own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Host/Schedule.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nacre::host {

/// The slot of each argument and result of a function; none where the function has to find a place itself.
struct Slots {
  llvm::SmallVector<std::optional<size_t>> arguments, results;
  llvm::DenseSet<size_t> soon; ///< Not to be written last: what is written there comes of much memory.
};

/// The function that a loop repeats.
mlir::func::FuncOp bodyOf(LoopOp loop);

/// The name that a loop's body gives to a result.
llvm::StringRef nameOf(LoopOp loop, unsigned result);

/// The initial value that a loop's result takes the place of; null for stacks and results of launches.
mlir::Value initOf(mlir::Value result);

/// Whether `op` may write its result `to` over `from`: it reads `from` only in places that it pairs with `to`.
bool mayWriteOver(mlir::Operation *op, mlir::Value from, mlir::OpResult to);

/// The order of a function's launches and loops, and which of its values lie in slots. Adds the copies this takes.
class Binding {
public:
  Binding(mlir::func::FuncOp function, Slots slots);

  llvm::ArrayRef<mlir::Operation *> order() const { return ordered; }
  std::optional<size_t> slotOf(mlir::Value value) const;
  int64_t copies = 0;

private:
  void detachResults();
  void takeOver(LoopOp loop, unsigned carry);
  bool continuesSlot(LoopOp loop, unsigned carry);
  bool owns(LoopOp loop, mlir::OpOperand &init);
  void bindResult(unsigned number);
  bool bind(mlir::OpResult value, size_t slot);
  bool overwrite(mlir::OpResult value, size_t slot);
  void postponeWriters();

  mlir::Value oldValueOf(size_t slot);
  llvm::SmallVector<mlir::Operation *> readersOf(mlir::Value value, mlir::Operation *except) const;
  mlir::Value copyOf(mlir::Value value, mlir::Operation *before, llvm::StringRef name);

  mlir::func::FuncOp function;
  Slots slots;
  mlir::Operation *exit;
  Schedule schedule;
  llvm::DenseMap<mlir::Value, size_t> bound;
  llvm::SmallVector<mlir::Operation *> ordered;
};

} // namespace nacre::host
