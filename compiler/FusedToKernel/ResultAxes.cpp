//===- ResultAxes.cpp - Where the results of a convolution lie ------------===//

#include "FusedToKernel/ResultAxes.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

int64_t kernel::lowestAxisOf(fused::ConvOp conv, int64_t counted) {
  SmallVector<int64_t> axes = conv.axesOfResults();
  return axes.size() - 1 - (llvm::find(llvm::reverse(axes), counted) - axes.rbegin());
}

bool kernel::isLowestDigit(fused::ConvOp conv, int64_t K, unsigned lanes) {
  int64_t extent = cast<RankedTensorType>(conv.getResult(0).getType()).getDimSize(lowestAxisOf(conv, channelAxis));
  return llvm::count(conv.axesOfResults(), channelAxis) == 1 || extent % K == 0 ||
         (K % lanes == 0 && extent % lanes == 0);
}

SmallVector<Lanes> kernel::resultIndex(LoopNest &nest, fused::ConvOp conv, const Lanes &n, const Lanes &k,
                                       const Lanes &p, const Lanes &q) {
  SmallVector<Lanes> rest = {n, k, p, q}, index;
  SmallVector<int64_t> left, axes = conv.axesOfResults();
  for (int64_t axis = 0; axis < 4; ++axis)
    left.push_back(llvm::count(axes, axis));
  ArrayRef<int64_t> extents = cast<RankedTensorType>(conv.getResult(0).getType()).getShape();
  for (size_t place = axes.size(); place-- > 0;) {
    Lanes digit = rest[axes[place]];
    if (--left[axes[place]] > 0) {
      IndexMath math = nest.math(digit.level);
      rest[axes[place]] = Lanes{math.floorDiv(digit.value, extents[place]), digit.level};
      digit.value = math.sub(digit.value, math.mul(rest[axes[place]].value, extents[place]));
    }
    index.push_back(digit);
  }
  std::reverse(index.begin(), index.end());
  return index;
}
