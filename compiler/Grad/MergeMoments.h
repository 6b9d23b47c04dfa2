//===- MergeMoments.h - Moments of parts of equal size ----------*- C++ -*-===//
#pragma once

#include "Graph/Term.h"

namespace nacre::grad {

/// A mean, and the sum of squared distances from it.
struct Moments {
  graph::Term mean, m2;
};

/// Chan's merge, along `axes`, of parts that have `count` elements each: the mean of the means; and the parts' own
/// squared distances plus those of their means, as often as a part has elements.
Moments mergeMoments(mlir::OpBuilder &builder, const Moments &parts, llvm::ArrayRef<int64_t> axes, double count);

} // namespace nacre::grad
