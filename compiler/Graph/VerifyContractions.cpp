//===- VerifyContractions.cpp - Shape rules of what combines elements -----===//
//
// Reductions, dot, convolution with its two adjoints, and windows.
//
//===----------------------------------------------------------------------===//

#include "Graph/Verify.h"

using namespace mlir;

namespace nacre::graph {

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

static LogicalResult verifyReduced(Operation *op, RankedTensorType x, ArrayRef<int64_t> axes, StringRef resultName,
                                   RankedTensorType result) {
  if (failed(expectAxes(op, "'axes'", axes, x.getRank())) || failed(expectSameElement(op, "x", x, resultName, result)))
    return failure();
  return expectShape(op, resultName, result, withoutAxes(x.getShape(), axes));
}

LogicalResult ReduceOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(verifyReduced(*this, x, getAxes(), "result", getType())))
    return failure();
  for (int64_t axis : getAxes())
    if (getKind() != ReduceKind::Sum && x.getDimSize(axis) == 0)
      return emitOpError("axis ") << axis << " of x has size 0: there is no " << stringifyReduceKind(getKind());
  return success();
}

LogicalResult MomentsOp::verify() {
  if (failed(verifyReduced(*this, getX().getType(), getAxes(), "mean", getMean().getType())))
    return failure();
  return verifyReduced(*this, getX().getType(), getAxes(), "m2", getM2().getType());
}

//===----------------------------------------------------------------------===//
// Dot
//===----------------------------------------------------------------------===//

/// Batch axes, or contracted axes: pairs of one size.
static LogicalResult verifyPairs(DotOp op, StringRef what, ArrayRef<int64_t> lhsAxes, ArrayRef<int64_t> rhsAxes) {
  if (lhsAxes.size() != rhsAxes.size())
    return op.emitOpError() << lhsAxes.size() << " " << what << " axes of lhs meet " << rhsAxes.size() << " of rhs";
  for (auto [l, r] : llvm::zip_equal(lhsAxes, rhsAxes))
    if (op.getLhs().getType().getDimSize(l) != op.getRhs().getType().getDimSize(r))
      return op.emitOpError() << what << " axis " << l << " of lhs has size " << op.getLhs().getType().getDimSize(l)
                              << ", but axis " << r << " of rhs has size " << op.getRhs().getType().getDimSize(r);
  return success();
}

LogicalResult DotOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  SmallVector<int64_t> lhsAxes(getLhsBatch()), rhsAxes(getRhsBatch());
  llvm::append_range(lhsAxes, getLhsContract());
  llvm::append_range(rhsAxes, getRhsContract());
  if (failed(expectSameElement(*this, "lhs", lhs, "rhs", rhs)) ||
      failed(expectSameElement(*this, "lhs", lhs, "result", getType())) ||
      failed(expectAxes(*this, "lhs", lhsAxes, lhs.getRank())) ||
      failed(expectAxes(*this, "rhs", rhsAxes, rhs.getRank())) ||
      failed(verifyPairs(*this, "batch", getLhsBatch(), getRhsBatch())) ||
      failed(verifyPairs(*this, "contracted", getLhsContract(), getRhsContract())))
    return failure();
  return expectShape(
      *this, "result", getType(),
      dotShape(lhs.getShape(), rhs.getShape(), getLhsBatch(), getRhsBatch(), getLhsContract(), getRhsContract()));
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

static LogicalResult verifyAtLeast(Operation *op, StringRef what, ArrayRef<int64_t> entries, int64_t least) {
  for (auto [axis, entry] : llvm::enumerate(entries))
    if (entry < least)
      return op->emitOpError() << "'" << what << "' of spatial axis " << axis << " is " << entry
                               << ", expected at least " << least;
  return success();
}

template <typename ConvLike> static LogicalResult verifyConvAttributes(ConvLike op, int64_t spatial) {
  for (auto [name, entries] : {std::pair<StringRef, ArrayRef<int64_t>>{"stride", op.getStride()},
                               {"low", op.getLow()},
                               {"high", op.getHigh()},
                               {"dilation", op.getDilation()}})
    if (failed(expectCount(op, name, entries, spatial, "spatial axes")))
      return failure();
  if (failed(verifyAtLeast(op, "stride", op.getStride(), 1)))
    return failure();
  return verifyAtLeast(op, "dilation", op.getDilation(), 1);
}

/// One rule for `conv` and its adjoints: x, w and y must fit, whichever is the result.
template <typename ConvLike>
static LogicalResult verifyConvolution(ConvLike op, RankedTensorType x, RankedTensorType w, RankedTensorType y) {
  int64_t spatial = x.getRank() - 2, groups = op.getGroups();
  if (spatial < 1)
    return op.emitOpError("x has rank ") << x.getRank() << ", expected [N, C, spatial axes]";
  if (w.getRank() != x.getRank() || y.getRank() != x.getRank())
    return op.emitOpError("x, w and y have ranks ")
           << x.getRank() << ", " << w.getRank() << " and " << y.getRank() << ", expected one rank";
  if (failed(expectSameElement(op, "x", x, "w", w)) || failed(expectSameElement(op, "x", x, "y", y)) ||
      failed(verifyConvAttributes(op, spatial)))
    return failure();
  int64_t channels = x.getDimSize(1), features = w.getDimSize(0);
  if (groups < 1 || channels % groups || features % groups)
    return op.emitOpError() << groups << " groups do not divide " << channels << " channels of x and " << features
                            << " of y";
  if (w.getDimSize(1) * groups != channels)
    return op.emitOpError("axis 1 of x has size ")
           << channels << ", but w takes " << w.getDimSize(1) << " channels in " << groups << " groups";
  Shape expected = {x.getDimSize(0), features};
  for (int64_t i = 0; i < spatial; ++i) {
    WindowAxis axis = {w.getDimSize(i + 2), op.getStride()[i], op.getLow()[i], op.getHigh()[i], op.getDilation()[i]};
    expected.push_back(axis.places(x.getDimSize(i + 2)));
    if (expected.back() < 1)
      return op.emitOpError("axis ") << i + 2 << " of x, padded, is smaller than the kernel of size " << axis.kernel;
  }
  return expectShape(op, "y", y, expected);
}

LogicalResult ConvOp::verify() { return verifyConvolution(*this, getX().getType(), getW().getType(), getType()); }
LogicalResult ConvDxOp::verify() { return verifyConvolution(*this, getType(), getW().getType(), getY().getType()); }
LogicalResult ConvDwOp::verify() { return verifyConvolution(*this, getX().getType(), getType(), getY().getType()); }

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

template <typename Windowed>
static LogicalResult verifyWindow(Windowed op, RankedTensorType x, StringRef yName, RankedTensorType y) {
  int64_t spatial = x.getRank() - 2;
  if (spatial < 1)
    return op.emitOpError("x has rank ") << x.getRank() << ", expected [N, C, spatial axes]";
  for (auto [name, entries] : {std::pair<StringRef, ArrayRef<int64_t>>{"kernel", op.getKernel()},
                               {"stride", op.getStride()},
                               {"low", op.getLow()},
                               {"high", op.getHigh()}})
    if (failed(expectCount(op, name, entries, spatial, "spatial axes")))
      return failure();
  if (failed(verifyAtLeast(op, "kernel", op.getKernel(), 1)) || failed(verifyAtLeast(op, "stride", op.getStride(), 1)))
    return failure();
  Shape expected = {x.getDimSize(0), x.getDimSize(1)};
  for (int64_t i = 0; i < spatial; ++i) {
    WindowAxis axis = {op.getKernel()[i], op.getStride()[i], op.getLow()[i], op.getHigh()[i]};
    expected.push_back(axis.places(x.getDimSize(i + 2)));
    if (expected.back() < 1)
      return op.emitOpError("axis ") << i + 2 << " of x, padded, is smaller than the window of size " << axis.kernel;
  }
  return expectShape(op, yName, y, expected);
}

/// A maximum of nothing but padding does not exist.
template <typename Windowed> static LogicalResult verifyPaddingBelowKernel(Windowed op) {
  for (auto [i, kernel] : llvm::enumerate(op.getKernel()))
    if (op.getLow()[i] >= kernel || op.getHigh()[i] >= kernel)
      return op.emitOpError("padding of spatial axis ") << i << " reaches the window's size " << kernel;
  return success();
}

LogicalResult WindowSumOp::verify() {
  if (failed(expectSameElement(*this, "x", getX().getType(), "result", getType())))
    return failure();
  return verifyWindow(*this, getX().getType(), "result", getType());
}

LogicalResult WindowMaxOp::verify() {
  RankedTensorType x = getX().getType();
  if (failed(expectSameElement(*this, "x", x, "result", getResult().getType())) ||
      failed(verifyWindow(*this, x, "result", getResult().getType())) || failed(verifyPaddingBelowKernel(*this)))
    return failure();
  return expectShape(*this, "tap", getTap().getType(), getResult().getType().getShape());
}

LogicalResult WindowMaxDxOp::verify() {
  RankedTensorType g = getG().getType();
  if (failed(expectSameElement(*this, "g", g, "result", getType())) || failed(verifyWindow(*this, getType(), "g", g)) ||
      failed(verifyPaddingBelowKernel(*this)))
    return failure();
  return expectShape(*this, "tap", getTap().getType(), g.getShape());
}

} // namespace nacre::graph
