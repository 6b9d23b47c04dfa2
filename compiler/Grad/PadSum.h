//===- PadSum.h - Sums of pads that are concatenations ----------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"

namespace nacre::grad {

/// What a tree of additions adds up: values padded along one axis, and others.
class PadSum {
public:
  /// Additions inside the tree have no other reader.
  explicit PadSum(graph::AddOp root);

  /// Whether the padded values lie side by side and fill the axis. One other summand does no harm: each of its elements
  /// is added to one of a part.
  bool isConcat() const;

  int64_t axis() const { return places.front().axis; }
  /// The values before the padding, in the order in which they lie.
  llvm::SmallVector<mlir::Value> parts() const;
  /// The other summand, if there is one.
  mlir::Value other() const { return others.empty() ? mlir::Value() : others.front(); }

private:
  /// Where a value lies that is padded along one axis.
  struct Place {
    graph::PadOp pad;
    int64_t axis, start, end;
  };
  static std::optional<Place> placeOf(mlir::Value value);

  llvm::ArrayRef<int64_t> shape;
  llvm::SmallVector<Place> places;
  llvm::SmallVector<mlir::Value> others;
};

} // namespace nacre::grad
