//===- Accumulate.h - Running results of a reduction ------------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Templates.h"

namespace nacre::kernel {

using Accumulators = llvm::SmallVector<mlir::Value>;

/// The two halves of a vector.
std::pair<mlir::Value, mlir::Value> halves(mlir::OpBuilder builder, mlir::Location loc, mlir::Value vector);
/// The sum of a vector's lanes, by halves.
mlir::Value sumOfLanes(mlir::OpBuilder builder, mlir::Location loc, mlir::Value vector);

/// How the values that a program yields are combined: sums, extrema, or moments,
/// which are two sums of what is left after a shift. Values that are stored at each
/// index (`each`) have no part in it.
class Accumulation {
public:
  Accumulation(mlir::Location loc, fused::ReduceOp reduce);

  bool needsShift() const { return llvm::is_contained(combines, fused::Combine::Moments); }
  /// What nothing is combined to; scalars, or vectors of `lanes`.
  Accumulators identities(mlir::OpBuilder builder, unsigned lanes) const;
  /// Takes in one more value of each combination; `shifts` as values.
  Accumulators add(mlir::OpBuilder builder, mlir::ValueRange sums, mlir::ValueRange values,
                   mlir::ValueRange shifts) const;
  /// Two sets as one.
  Accumulators merge(mlir::OpBuilder builder, mlir::ValueRange a, mlir::ValueRange b) const;
  /// The lanes of each vector as one, by halves.
  Accumulators acrossLanes(mlir::OpBuilder builder, mlir::ValueRange sums) const;
  /// Results from sums over `count` values.
  Accumulators finish(mlir::OpBuilder builder, mlir::ValueRange sums, mlir::ValueRange shifts, mlir::Value count) const;

private:
  struct Slot {
    fused::Combine combine; ///< Sum, Max or Min.
    mlir::Type type;
  };
  mlir::Value merge(mlir::OpBuilder builder, const Slot &slot, mlir::Value a, mlir::Value b) const;
  mlir::TypedAttr identity(mlir::OpBuilder builder, const Slot &slot) const;

  mlir::Location loc;
  llvm::SmallVector<fused::Combine> combines;
  llvm::SmallVector<Slot> slots;
};

} // namespace nacre::kernel
