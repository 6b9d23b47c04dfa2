//===- LoopNest.h - Loops and the places between them -----------*- C++ -*-===//
#pragma once

#include "FusedToKernel/IndexMath.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace nacre::kernel {

/// A nest of loops under construction. Level 0 is the code around the outermost
/// loop, level i the body of the i-th; code can be added at any open level, in
/// front of the loop that is open there, which is how everything that does not
/// depend on an inner loop ends up outside of it.
class LoopNest {
public:
  explicit LoopNest(mlir::OpBuilder builder, mlir::Location loc) : outer(builder), loc(loc) {}

  unsigned depth() const { return loops.size(); }
  /// Opens a loop inside the innermost one; returns its index.
  mlir::Value open(mlir::Value lower, mlir::Value upper, int64_t step = 1, mlir::ValueRange carried = {});
  mlir::Value open(mlir::Value lower, mlir::Value upper, mlir::Value step, mlir::ValueRange carried = {});
  mlir::Value open(int64_t lower, int64_t upper, int64_t step = 1, mlir::ValueRange carried = {});
  /// Values that the innermost loop carries from turn to turn.
  mlir::ValueRange carried() { return loops.back().getRegionIterArgs(); }
  /// Ends the innermost loop; returns what it carried out.
  mlir::ResultRange close(mlir::ValueRange yielded = {});

  /// Where code at a level goes.
  mlir::OpBuilder at(unsigned level);
  mlir::OpBuilder here() { return at(depth()); }
  IndexMath math(unsigned level) { return {at(level), loc}; }
  IndexMath math() { return math(depth()); }
  mlir::Location getLoc() const { return loc; }

private:
  mlir::OpBuilder outer;
  mlir::Location loc;
  llvm::SmallVector<mlir::scf::ForOp> loops;
};

} // namespace nacre::kernel
