//===- Scan.h - What loops over time are made of ----------------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"
#include "Graph/Ports.h"

namespace nacre::graph {

/// Roles of the arguments and results of a body.
inline constexpr llvm::StringLiteral carryRole = "carry", sliceRole = "slice", invariantRole = "invariant";

/// The type of a sequence or stack at one time: its leading axis has the slices one after another.
mlir::RankedTensorType sliceType(mlir::Type stack, int64_t steps);
/// The type of a stack of such slices, of rank 1 at least.
mlir::RankedTensorType stackType(mlir::Type slice, int64_t steps);

/// The arguments of a scan's body.
struct ScanArguments {
  mlir::Block::BlockArgListType carries, slices, invariants;
};
ScanArguments argumentsOf(ScanOp scan, mlir::func::FuncOp body);

/// A scan under construction: operands with what they are in the body, results with where they come from.
class ScanBuilder {
public:
  /// A body beside `like`, with its attributes; `name` is made unique. So are the names of arguments.
  ScanBuilder(mlir::func::FuncOp like, llvm::StringRef name, int64_t steps);

  mlir::Value addCarry(mlir::Value init, llvm::StringRef name) { return add(carries, init, init.getType(), name); }
  /// The slice of a sequence.
  mlir::Value addSequence(mlir::Value sequence, llvm::StringRef name) {
    return add(sequences, sequence, sliceType(sequence.getType(), steps), name);
  }
  mlir::Value addInvariant(mlir::Value value, llvm::StringRef name) {
    return add(invariants, value, value.getType(), name);
  }
  /// Where the ops of the body go.
  mlir::OpBuilder atEnd() { return mlir::OpBuilder::atBlockEnd(&block); }
  /// Ends the body and makes the loop. `next` are the new carries, `slices` those of its stacks.
  ScanOp create(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<mlir::Value> next,
                llvm::ArrayRef<mlir::Value> slices, bool reverse);

private:
  struct Group {
    llvm::SmallVector<mlir::Value> outside;
    llvm::SmallVector<std::string> names;
    llvm::SmallVector<mlir::Value> inside;
  };
  mlir::Value add(Group &group, mlir::Value outside, mlir::Type inside, llvm::StringRef name);

  mlir::func::FuncOp body;
  mlir::Block &block;
  int64_t steps;
  Group carries, sequences, invariants;
};

/// Of a sequence or stack of a loop, the slices of `count` turns from the `first` on.
mlir::Value turnsOf(mlir::OpBuilder &builder, ScanOp scan, mlir::Value stack, int64_t first, int64_t count);

/// A loop over the same body, for `count` turns.
ScanOp loopLike(mlir::OpBuilder &builder, ScanOp scan, mlir::ValueRange inits, mlir::ValueRange sequences,
                mlir::ValueRange invariants, int64_t count);

/// The turns of a loop from the `first` on, given the carries after those before it.
ScanOp restOf(mlir::OpBuilder &builder, ScanOp scan, int64_t first, mlir::ValueRange carries);

/// Replaces a loop by its first turns, which gave `results` (carries, then stacks), and the rest of it.
void replaceByParts(mlir::OpBuilder &builder, ScanOp scan, mlir::ValueRange results, ScanOp rest);

/// Erases a loop that another one has replaced. The body of the new one takes the name of the old one's, if that is
/// nobody else's.
void retire(ScanOp old, ScanOp fresh);

} // namespace nacre::graph
