//===- Term.cpp - Tensor expressions in mathematical notation -------------===//

#include "Graph/Term.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace nacre::graph;

Term Term::broadcast(RankedTensorType result, ArrayRef<int64_t> axes) const {
  return result == type() ? *this : into<BroadcastOp>(result, axes);
}

Term Term::reduce(ReduceKind kind, ArrayRef<int64_t> axes) const {
  if (axes.empty())
    return *this;
  SmallVector<int64_t> kept;
  for (int64_t axis : otherAxes(rank(), axes))
    kept.push_back(shape()[axis]);
  return at(ReduceOp::create(*builder, loc, type().clone(kept), kind, value, axes));
}

Term Term::convert(Type element) const {
  return element == type().getElementType() ? *this : into<ConvertOp>(type().clone(element));
}

Term Term::reshape(ArrayRef<int64_t> shape) const {
  return shape == this->shape() ? *this : into<ReshapeOp>(type().clone(shape));
}

Term Term::slice(ArrayRef<int64_t> start, ArrayRef<int64_t> limit, ArrayRef<int64_t> stride) const {
  SmallVector<int64_t> size;
  for (auto [from, to, by] : llvm::zip_equal(start, limit, stride))
    size.push_back((to - from + by - 1) / by);
  return into<SliceOp>(type().clone(size), start, limit, stride);
}

Term Term::pad(ArrayRef<int64_t> low, ArrayRef<int64_t> high, ArrayRef<int64_t> interior) const {
  auto isZero = [](int64_t n) { return n == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero) && llvm::all_of(interior, isZero))
    return *this;
  SmallVector<int64_t> size;
  for (auto [n, before, after, between] : llvm::zip_equal(shape(), low, high, interior))
    size.push_back(before + after + (n - 1) * (between + 1) + 1);
  return into<PadOp>(type().clone(size), low, high, interior);
}

SmallVector<int64_t> nacre::graph::otherAxes(int64_t rank, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> others;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(axes, axis))
      others.push_back(axis);
  return others;
}

std::optional<double> nacre::graph::splatOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto constant = dyn_cast<ConstantOp>(op))
      return constant.getSplat();
    bool sameNumber =
        isa<BroadcastOp>(op) ||
        (isa<ConvertOp>(op) &&
         llvm::all_of(op->getOperandTypes(), [](Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }) &&
         isa<FloatType>(getElementTypeOrSelf(op->getResult(0))));
    if (!sameNumber)
      return std::nullopt;
    value = op->getOperand(0);
  }
  return std::nullopt;
}
