//===- Fold.cpp - Identities of single ops --------------------------------===//
//
// Only what is exact (but for the sign of a zero): x + 0, x * 1, x / 1; not x * 0,
// which would hide a NaN.
//
//===----------------------------------------------------------------------===//

#include "Graph/Evaluate.h"
#include "Graph/Evaluator.h"

using namespace mlir;
using namespace nacre::graph;

/// The value of a splat constant.
static std::optional<double> splatOf(Attribute attribute) {
  auto dense = dyn_cast_if_present<DenseElementsAttr>(attribute);
  if (!dense || !dense.isSplat())
    return std::nullopt;
  auto scalar = RankedTensorType::get({}, dense.getElementType());
  return arrayOf(dense.resizeSplat(scalar))->data[0];
}

static bool isSplat(Attribute attribute, double value) { return splatOf(attribute) == value; }

/// A splat moved to another shape is a splat.
static OpFoldResult resized(Attribute attribute, RankedTensorType type) {
  auto dense = dyn_cast_if_present<DenseElementsAttr>(attribute);
  return dense && dense.isSplat() ? OpFoldResult(dense.resizeSplat(type)) : OpFoldResult();
}

static bool isIota(ArrayRef<int64_t> axes) {
  for (auto [position, axis] : llvm::enumerate(axes))
    if (static_cast<int64_t>(position) != axis)
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Sources and scalar functions
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult AddOp::fold(FoldAdaptor adaptor) { return isSplat(adaptor.getRhs(), 0) ? getLhs() : Value(); }
OpFoldResult SubOp::fold(FoldAdaptor adaptor) { return isSplat(adaptor.getRhs(), 0) ? getLhs() : Value(); }
OpFoldResult MulOp::fold(FoldAdaptor adaptor) { return isSplat(adaptor.getRhs(), 1) ? getLhs() : Value(); }
OpFoldResult DivOp::fold(FoldAdaptor adaptor) { return isSplat(adaptor.getRhs(), 1) ? getLhs() : Value(); }

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getLhs() == getRhs())
    return getLhs();
  if (std::optional<double> condition = splatOf(adaptor.getCondition()))
    return *condition != 0 ? getLhs() : getRhs();
  return {};
}

/// Whether every value of `from` is a value of `to`.
static bool isWidening(Type from, Type to) {
  auto fromFloat = dyn_cast<FloatType>(from), toFloat = dyn_cast<FloatType>(to);
  return fromFloat && toFloat && fromFloat.getWidth() < toFloat.getWidth();
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  // There and back through a wider type.
  if (auto inner = getX().getDefiningOp<ConvertOp>())
    if (inner.getX().getType() == getType() && isWidening(getType().getElementType(), inner.getType().getElementType()))
      return inner.getX();
  return {};
}

//===----------------------------------------------------------------------===//
// Movement and reductions
//===----------------------------------------------------------------------===//

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (OpFoldResult splat = resized(adaptor.getX(), getType()))
    return splat;
  auto inner = getX().getDefiningOp<BroadcastOp>();
  if (!inner)
    return {};
  SmallVector<int64_t> axes;
  for (int64_t axis : inner.getAxes())
    axes.push_back(getAxes()[axis]);
  setOperand(inner.getX());
  setAxes(axes);
  return getResult();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (auto dense = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX()))
    return dense.reshape(getType());
  auto inner = getX().getDefiningOp<ReshapeOp>();
  if (!inner)
    return {};
  setOperand(inner.getX());
  return getResult();
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (isIota(getPermutation()))
    return getX();
  if (OpFoldResult splat = resized(adaptor.getX(), getType()))
    return splat;
  auto inner = getX().getDefiningOp<TransposeOp>();
  if (!inner)
    return {};
  SmallVector<int64_t> permutation;
  for (int64_t axis : getPermutation())
    permutation.push_back(inner.getPermutation()[axis]);
  setOperand(inner.getX());
  setPermutation(permutation);
  return getResult();
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  return resized(adaptor.getX(), getType());
}

OpFoldResult PadOp::fold(FoldAdaptor adaptor) {
  auto isZero = [](int64_t entry) { return entry == 0; };
  if (llvm::all_of(getLow(), isZero) && llvm::all_of(getHigh(), isZero) && llvm::all_of(getInterior(), isZero))
    return getX();
  return isSplat(adaptor.getX(), 0) ? resized(adaptor.getX(), getType()) : OpFoldResult();
}

OpFoldResult ReduceOp::fold(FoldAdaptor adaptor) {
  if (getAxes().empty())
    return getX();
  return getKind() == ReduceKind::Sum ? OpFoldResult() : resized(adaptor.getX(), getType());
}
