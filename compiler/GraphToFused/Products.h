//===- Products.h - Dots as products of matrices ----------------*- C++ -*-===//
//
// A dot is a product of matrices, or several, one for each index of its batch axes: rows
// are the free axes of one operand, columns those of the other. To the convolution
// templates rows are images of one pixel, columns are output channels, and products are
// groups. The smaller operand is that with the columns, as it is packed once for all
// rows.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Graph.h"

namespace nacre {

/// An operand of a dot, and its axes by what they are.
struct Factor {
  mlir::Value value;
  llvm::SmallVector<int64_t> batch, contracted, free;

  llvm::SmallVector<int64_t> extentsOf(llvm::ArrayRef<int64_t> axes) const;
};

struct Product {
  explicit Product(graph::DotOp dot);

  Factor rows, columns;
  /// How many there are: products, rows and columns of each, and products of elements in a sum.
  int64_t groups, numRows, numColumns, length;
  /// What each axis of the result counts, as in `fused.conv`: images (0) or channels (1).
  llvm::SmallVector<int64_t> axesOfResult;

  /// Whether so much is computed that packing an operand is little beside it.
  bool isLarge() const;
};

} // namespace nacre
