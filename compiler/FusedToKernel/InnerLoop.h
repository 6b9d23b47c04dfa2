//===- InnerLoop.h - The innermost loop of a map or reduce ------*- C++ -*-===//
//
// The kernel of a `map` or `reduce` knows no extents, but how its innermost loop
// runs: that is what makes its code fast, and there are few ways. The way is chosen
// while the extents are known, and is part of the kernel's source.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Target.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

namespace nacre::kernel {

/// What a run through an axis, many lanes at a time, is made of.
struct Run {
  bool hasWhole = true; ///< Whether there may be as many indices as lanes.
  bool hasRest = false; ///< Whether there may be indices left, fewer than lanes.
};

struct InnerLoop {
  unsigned lanes = 1;            ///< Indices of the innermost axis that it takes at a time.
  bool isOutside = false;        ///< Of a map each vector of whose rows runs through many of them.
  bool isInStrips = false;       ///< Of a reduction that is not short.
  unsigned sharers = 0;          ///< On a GPU: threads of a block that share the sum of a result.
  llvm::SmallVector<Run> runs{}; ///< Of each piece of the axis (Pieces.h), or the whole.

  /// The way that suits a nest whose extents are known. All extents count as unknown in a reference (Graph/Ports.h),
  /// so that one kernel serves all sizes, and in any nest the leading one, so that one serves all batches.
  static InnerLoop choose(mlir::Operation *nest, const Target &target);
  /// The way that was chosen for the nest of a source.
  static InnerLoop of(mlir::Operation *nest);
  void writeTo(mlir::Operation *nest) const;
};

/// Of all values of a nest's program that depend on its innermost index by arithmetic: by how much they grow with it;
/// none where that is not the same everywhere.
using LaneSteps = llvm::DenseMap<mlir::Value, std::optional<int64_t>>;
LaneSteps laneSteps(mlir::Operation *nest);
/// The same with another index of a region's program.
LaneSteps stepsAlong(mlir::Region &program, mlir::Value index);

/// Elements that one accumulator of a reduction sums before it is added to the next one.
inline constexpr int64_t stripLength = 64;

/// Indices of the first axis that a `map` or `reduce` does not sum over in an item. The leading extent has no part
/// in it.
int64_t rowsPerItem(mlir::Operation *nest);

/// The axes of a `map` or `reduce` that it keeps, and those that it sums over.
struct Axes {
  explicit Axes(mlir::Operation *nest);
  /// Whether the innermost axis is kept: lanes are results side by side, not parts of one.
  bool keepsInnermost() const { return !kept.empty() && kept.back() + 1 == int64_t(kept.size() + reduced.size()); }

  llvm::SmallVector<int64_t> kept, reduced;
};

} // namespace nacre::kernel
