//===- GradientsMovement.cpp - Adjoints of movement and reductions --------===//
//
// A movement's adjoint is the movement back, with sums where an element was read
// more than once and zeros where it was not read.
//
//===----------------------------------------------------------------------===//

#include "Graph/Term.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace mlir;
using namespace nacre::graph;

void BroadcastOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(g.isFloat() ? Value(g.reduce(ReduceKind::Sum, otherAxes(g.rank(), getAxes()))) : Value());
}

void ReshapeOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(g.reshape(g.at(getX()).shape()));
}

void TransposeOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), x = g.at(getX());
  SmallVector<int64_t> inverse(x.rank());
  for (auto [to, from] : llvm::enumerate(getPermutation()))
    inverse[from] = to;
  operandGradients.push_back(g.into<TransposeOp>(x.type(), inverse));
}

void SliceOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]);
  SmallVector<int64_t> high, interior;
  for (auto [size, count, start, stride] : llvm::zip_equal(g.at(getX()).shape(), g.shape(), getStart(), getStride())) {
    high.push_back(size - (start + (count - 1) * stride + 1));
    interior.push_back(stride - 1);
  }
  operandGradients.push_back(g.pad(getStart(), high, interior));
}

/// What was cropped has gradient 0: g is first padded where the pad had cropped.
void PadOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]);
  SmallVector<int64_t> before, after, start, limit, stride;
  for (auto [n, low, high, interior] : llvm::zip_equal(g.at(getX()).shape(), getLow(), getHigh(), getInterior())) {
    before.push_back(std::max<int64_t>(-low, 0));
    after.push_back(std::max<int64_t>(-high, 0));
    start.push_back(std::max<int64_t>(low, 0));
    stride.push_back(interior + 1);
    limit.push_back(start.back() + (n - 1) * stride.back() + 1);
  }
  SmallVector<int64_t> none(before.size(), 0);
  operandGradients.push_back(g.pad(before, after, none).slice(start, limit, stride));
}

void ConcatOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]);
  SmallVector<int64_t> start(g.rank(), 0), limit(g.shape()), stride(g.rank(), 1);
  limit[getAxis()] = 0;
  for (Value part : getOperands()) {
    start[getAxis()] = limit[getAxis()];
    limit[getAxis()] += g.at(part).shape()[getAxis()];
    operandGradients.push_back(g.isFloat() ? Value(g.slice(start, limit, stride)) : Value());
  }
}

void TakeOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(g.isFloat() ? Value(g.into<ScatterAddOp>(g.at(getX()).type(), getIndex(), getAxisAttr()))
                                         : Value());
  operandGradients.push_back(Value());
}

void ScatterAddOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]);
  operandGradients.append({Value(g.into<TakeOp>(g.at(getG()).type(), getIndex(), getAxisAttr())), Value()});
}

/// Sums hand g to every element; extrema share it evenly among the elements that reach them.
void ReduceOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), x = g.at(getX()), y = g.at(getResult());
  SmallVector<int64_t> kept = otherAxes(x.rank(), getAxes());
  if (!g.isFloat()) {
    operandGradients.push_back(Value());
  } else if (getKind() == ReduceKind::Sum) {
    operandGradients.push_back(g.broadcast(x.type(), kept));
  } else {
    Term reached = x == y.broadcast(x.type(), kept);
    Term count = reached.convert(x.type().getElementType()).reduce(ReduceKind::Sum, getAxes());
    operandGradients.push_back(where(reached, (g / count).broadcast(x.type(), kept), 0));
  }
}
