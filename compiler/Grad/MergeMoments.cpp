//===- MergeMoments.cpp - Moments of parts of equal size ------------------===//

#include "Grad/MergeMoments.h"

using namespace mlir;
using namespace nacre::graph;

nacre::grad::Moments nacre::grad::mergeMoments(OpBuilder &builder, const Moments &parts, ArrayRef<int64_t> axes,
                                               double count) {
  SmallVector<int64_t> shape;
  for (int64_t axis : otherAxes(parts.mean.rank(), axes))
    shape.push_back(parts.mean.shape()[axis]);
  auto whole = parts.mean.type().clone(shape);
  auto means = MomentsOp::create(builder, Value(parts.mean).getLoc(), whole, whole, parts.mean, axes);
  Term between = parts.m2.at(means.getM2());
  return {parts.mean.at(means.getMean()), parts.m2.reduce(ReduceKind::Sum, axes) + between * count};
}
