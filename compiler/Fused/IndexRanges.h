//===- IndexRanges.h - What the extents of a domain tell --------*- C++ -*-===//
//
//   [12] (c)   select (24 <= c + 24) x[clamp (c + 24 - 24, 12)] else ...
//   [12] (c)   x[c]
//
// Slices of concatenations, pads and their adjoints are made of comparisons and
// clamps. Over a domain that is known many of them always come out the same.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Block.h"
#include "llvm/ADT/DenseMap.h"

namespace nacre {

/// The numbers from `low` to `high`.
struct IndexRange {
  int64_t low, high;
};

/// Folds what the ranges of its indices decide in a point program whose first arguments run from 0 to these extents,
/// and erases what nobody reads then.
void foldByRanges(mlir::Block &program, llvm::ArrayRef<int64_t> extents);
/// The same where these are the ranges of the indices that it reads.
void foldByRanges(mlir::Block &program, llvm::DenseMap<mlir::Value, IndexRange> ranges);

} // namespace nacre
