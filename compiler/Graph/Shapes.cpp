//===- Shapes.cpp - Shape rules of the structural ops ---------------------===//

#include "Graph/Shapes.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace nacre::graph {

Shape withoutAxes(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes) {
  Shape result;
  for (auto [axis, size] : enumerate(shape))
    if (!is_contained(axes, static_cast<int64_t>(axis)))
      result.push_back(size);
  return result;
}

Shape freeAxes(int64_t rank, ArrayRef<int64_t> batch, ArrayRef<int64_t> contract) {
  Shape result;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!is_contained(batch, axis) && !is_contained(contract, axis))
      result.push_back(axis);
  return result;
}

Shape dotShape(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs, ArrayRef<int64_t> lhsBatch, ArrayRef<int64_t> rhsBatch,
               ArrayRef<int64_t> lhsContract, ArrayRef<int64_t> rhsContract) {
  Shape result;
  for (int64_t axis : lhsBatch)
    result.push_back(lhs[axis]);
  for (int64_t axis : freeAxes(lhs.size(), lhsBatch, lhsContract))
    result.push_back(lhs[axis]);
  for (int64_t axis : freeAxes(rhs.size(), rhsBatch, rhsContract))
    result.push_back(rhs[axis]);
  return result;
}

int64_t elements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

} // namespace nacre::graph
