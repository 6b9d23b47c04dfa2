//===- VerifyMovement.cpp - Shape rules of movement ops -------------------===//

#include "Graph/Verify.h"

using namespace mlir;

namespace nacre::graph {

LogicalResult BroadcastOp::verify() {
  RankedTensorType x = getX().getType(), result = getType();
  if (failed(expectSameElement(*this, "x", x, "result", result)) ||
      failed(expectCount(*this, "axes", getAxes(), x.getRank(), "axes of x")) ||
      failed(expectAxes(*this, "'axes'", getAxes(), result.getRank())))
    return failure();
  for (auto [axis, target] : llvm::enumerate(getAxes())) {
    if (axis > 0 && target < getAxes()[axis - 1])
      return emitOpError("'axes' must rise, but ") << target << " follows " << getAxes()[axis - 1];
    if (x.getDimSize(axis) != result.getDimSize(target))
      return emitOpError("axis ") << axis << " of x has size " << x.getDimSize(axis) << ", but axis " << target
                                  << " of result, which it becomes, has size " << result.getDimSize(target);
  }
  return success();
}

LogicalResult ReshapeOp::verify() {
  RankedTensorType x = getX().getType();
  if (x.getNumElements() != getType().getNumElements())
    return emitOpError("x has ") << x.getNumElements() << " elements, but result " << getType().getNumElements();
  return expectSameElement(*this, "x", x, "result", getType());
}

LogicalResult TransposeOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(expectSameElement(*this, "x", x, "result", getType())) ||
      failed(expectCount(*this, "permutation", getPermutation(), x.getRank(), "axes of x")) ||
      failed(expectAxes(*this, "'permutation'", getPermutation(), x.getRank())))
    return failure();
  Shape expected;
  for (int64_t axis : getPermutation())
    expected.push_back(x.getDimSize(axis));
  return expectShape(*this, "result", getType(), expected);
}

LogicalResult SliceOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(expectSameElement(*this, "x", x, "result", getType())) ||
      failed(expectCount(*this, "start", getStart(), x.getRank(), "axes of x")) ||
      failed(expectCount(*this, "limit", getLimit(), x.getRank(), "axes of x")) ||
      failed(expectCount(*this, "stride", getStride(), x.getRank(), "axes of x")))
    return failure();
  Shape expected;
  for (auto [axis, size] : llvm::enumerate(x.getShape())) {
    int64_t start = getStart()[axis], limit = getLimit()[axis], stride = getStride()[axis];
    if (stride < 1)
      return emitOpError("stride of axis ") << axis << " is " << stride << ", expected at least 1";
    if (start < 0 || start > limit || limit > size)
      return emitOpError("takes ") << start << " to " << limit << " of axis " << axis << ", which has size " << size;
    expected.push_back((limit - start + stride - 1) / stride);
  }
  return expectShape(*this, "result", getType(), expected);
}

LogicalResult PadOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(expectSameElement(*this, "x", x, "result", getType())) ||
      failed(expectCount(*this, "low", getLow(), x.getRank(), "axes of x")) ||
      failed(expectCount(*this, "high", getHigh(), x.getRank(), "axes of x")) ||
      failed(expectCount(*this, "interior", getInterior(), x.getRank(), "axes of x")))
    return failure();
  Shape expected;
  for (auto [axis, size] : llvm::enumerate(x.getShape())) {
    int64_t interior = getInterior()[axis];
    if (interior < 0)
      return emitOpError("interior of axis ") << axis << " is " << interior << ", expected at least 0";
    int64_t spread = size == 0 ? 0 : (size - 1) * (interior + 1) + 1;
    expected.push_back(getLow()[axis] + getHigh()[axis] + spread);
    if (expected.back() < 0)
      return emitOpError("crops axis ") << axis << ", which has size " << size << ", to a negative size";
  }
  return expectShape(*this, "result", getType(), expected);
}

LogicalResult ConcatOp::verify() {
  if (getOperands().empty())
    return emitOpError("needs at least one operand");
  int64_t along = getAxis(), total = 0;
  auto first = cast<RankedTensorType>(getOperands()[0].getType());
  if (failed(expectAxes(*this, "'axis'", {along}, first.getRank())))
    return failure();
  for (auto [number, operand] : llvm::enumerate(getOperands())) {
    auto type = cast<RankedTensorType>(operand.getType());
    std::string name = ("operand " + Twine(number)).str();
    Shape expected(first.getShape());
    if (type.getRank() == first.getRank())
      expected[along] = type.getDimSize(along);
    if (failed(expectShape(*this, name, type, expected)) ||
        failed(expectSameElement(*this, name, type, "result", getType())))
      return failure();
    total += type.getDimSize(along);
  }
  Shape expected(first.getShape());
  expected[along] = total;
  return expectShape(*this, "result", getType(), expected);
}

/// `take` and its adjoint: `full` has any size along the axis, `taken` that of the index.
static LogicalResult verifyTaken(Operation *op, StringRef fullName, RankedTensorType full, StringRef takenName,
                                 RankedTensorType taken, RankedTensorType index, int64_t axis) {
  if (index.getRank() != 1)
    return op->emitOpError("index has rank ") << index.getRank() << ", expected 1";
  if (failed(expectAxes(op, "'axis'", {axis}, full.getRank())) ||
      failed(expectSameElement(op, fullName, full, takenName, taken)))
    return failure();
  if (full.getDimSize(axis) == 0)
    return op->emitOpError("axis ") << axis << " of " << fullName << " has size 0: there is nothing to index";
  Shape expected(full.getShape());
  expected[axis] = index.getDimSize(0);
  return expectShape(op, takenName, taken, expected);
}

LogicalResult TakeOp::verify() {
  return verifyTaken(*this, "x", getX().getType(), "result", getType(), getIndex().getType(), getAxis());
}

LogicalResult ScatterAddOp::verify() {
  return verifyTaken(*this, "result", getType(), "g", getG().getType(), getIndex().getType(), getAxis());
}

} // namespace nacre::graph
