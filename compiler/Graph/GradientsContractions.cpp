//===- GradientsContractions.cpp - Adjoints of dot, conv and windows ------===//
//
// All are linear in each operand. `conv`, `conv_dx` and `conv_dw` are the three
// faces of one trilinear form <conv(x, w), y>: the adjoint of each is made of the
// other two.
//
//===----------------------------------------------------------------------===//

#include "Graph/Term.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace mlir;
using namespace nacre::graph;

using Axes = ArrayRef<int64_t>;

/// The adjoint of a dot in `operand`: dot(g, other), whose axes come out as
/// batch, operand's free, operand's contracted (in the order of other's axes).
/// `firstOtherFree` is where other's free axes begin in g.
static Value dotAdjoint(Term g, Term operand, Term other, Axes batch, Axes otherBatch, Axes contract,
                        Axes otherContract, int64_t firstOtherFree) {
  SmallVector<int64_t> otherUsed(otherBatch), used(batch);
  otherUsed.append(otherContract.begin(), otherContract.end());
  used.append(contract.begin(), contract.end());
  SmallVector<int64_t> otherFree = otherAxes(other.rank(), otherUsed), free = otherAxes(operand.rank(), used);
  SmallVector<int64_t> gBatch = llvm::to_vector(llvm::seq<int64_t>(0, batch.size())), gContract;
  for (size_t i = 0; i < otherFree.size(); ++i)
    gContract.push_back(firstOtherFree + i);

  // Which axis of `operand` each axis of the product is.
  SmallVector<int64_t> meaning(batch);
  meaning.append(free.begin(), free.end());
  SmallVector<std::pair<int64_t, int64_t>> pairs;
  for (auto [theirs, ours] : llvm::zip_equal(otherContract, contract))
    pairs.push_back({theirs, ours});
  llvm::sort(pairs);
  for (auto [theirs, ours] : pairs)
    meaning.push_back(ours);

  SmallVector<int64_t> shape, permutation(operand.rank());
  for (auto [position, axis] : llvm::enumerate(meaning)) {
    shape.push_back(operand.shape()[axis]);
    permutation[axis] = position;
  }
  Term product = g.into<DotOp>(operand.type().clone(shape), other, gBatch, otherBatch, gContract, otherFree);
  return llvm::is_sorted(permutation) ? product : product.into<TransposeOp>(operand.type(), permutation);
}

void DotOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), a = g.at(getLhs()), b = g.at(getRhs());
  int64_t batch = getLhsBatch().size(), freeOfA = a.rank() - batch - getLhsContract().size();
  operandGradients.push_back(dotAdjoint(g, a, b, getLhsBatch(), getRhsBatch(), getLhsContract(), getRhsContract(),
                                        /*firstOtherFree=*/batch + freeOfA));
  operandGradients.push_back(dotAdjoint(g, b, a, getRhsBatch(), getLhsBatch(), getRhsContract(), getLhsContract(),
                                        /*firstOtherFree=*/batch));
}

/// `To` of two operands with the attributes of the convolution `from`.
template <typename To, typename From> static Value convolve(From from, Term a, Value b, Value like) {
  return a.into<To>(a.at(like).type(), b, from.getStride(), from.getLow(), from.getHigh(), from.getDilation(),
                    from.getGroups());
}

void ConvOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), x = g.at(getX());
  operandGradients.push_back(convolve<ConvDxOp>(*this, g, getW(), getX()));
  operandGradients.push_back(convolve<ConvDwOp>(*this, x, g, getW()));
}

void ConvDxOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(convolve<ConvOp>(*this, g, getW(), getY()));
  operandGradients.push_back(convolve<ConvDwOp>(*this, g, getY(), getW()));
}

void ConvDwOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), x = g.at(getX()), y = g.at(getY());
  operandGradients.push_back(convolve<ConvDxOp>(*this, y, g, getX()));
  operandGradients.push_back(convolve<ConvOp>(*this, x, g, getY()));
}

/// Spreads g by the stride, then sums the windows of stride 1 that saw each
/// element: those that begin up to k - 1 before it.
void WindowSumOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), x = g.at(getX());
  SmallVector<int64_t> before{0, 0}, after{0, 0}, interior{0, 0}, low, high, one;
  for (auto [axis, k] : llvm::enumerate(getKernel())) {
    int64_t stride = getStride()[axis], spread = (g.shape()[axis + 2] - 1) * stride + 1;
    int64_t start = k - 1 - getLow()[axis], end = x.shape()[axis + 2] - spread + getLow()[axis];
    interior.push_back(stride - 1);
    before.push_back(std::min<int64_t>(start, 0));
    after.push_back(std::min<int64_t>(end, 0));
    low.push_back(std::max<int64_t>(start, 0));
    high.push_back(std::max<int64_t>(end, 0));
    one.push_back(1);
  }
  Term spread = g.pad(before, after, interior);
  operandGradients.push_back(spread.into<WindowSumOp>(x.type(), getKernel(), one, low, high));
}

void WindowMaxOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), x = g.at(getX());
  operandGradients.push_back(g.into<WindowMaxDxOp>(x.type(), getTap(), getKernel(), getStride(), getLow(), getHigh()));
}

/// Reads g where each window's maximum was: a take from the flattened tensor, at
/// the row-major position that window and tap name.
void WindowMaxDxOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), tap = g.at(getTap());
  auto iota = [&](int64_t axis) { return g.at(IotaOp::create(builder, getLoc(), tap.type(), axis)); };
  Term position = iota(0) * tap.constant(g.shape()[1]) + iota(1);
  int64_t taps = 1;
  for (int64_t k : getKernel())
    taps *= k;
  for (auto [i, k] : llvm::enumerate(getKernel())) {
    taps /= k;
    Term offset = tap.same<IntDivOp>(tap.constant(taps)).same<ModOp>(tap.constant(k));
    Term at = iota(i + 2) * tap.constant(getStride()[i]) + offset - tap.constant(getLow()[i]);
    position = position * tap.constant(g.shape()[i + 2]) + at;
  }
  int64_t read = tap.type().getNumElements();
  Term flat = g.reshape({g.type().getNumElements()});
  Term taken = flat.into<TakeOp>(g.type().clone({read}), position.reshape({read}), builder.getI64IntegerAttr(0));
  operandGradients.append({Value(taken.reshape(tap.shape())), Value()});
}
