//===- GenericSums.cpp - Contractions and windows as plain reductions -----===//
//
// What no template serves better is a reduction over an explicit domain: the
// result's axes, then those that are summed.
//
//===----------------------------------------------------------------------===//

#include "GraphToFused/NestEmitter.h"
#include "GraphToFused/TapMath.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre;

static RankedTensorType typed(Value value) { return cast<RankedTensorType>(value.getType()); }

namespace {

/// The domain of a sum and the value that is summed.
struct Sum {
  SmallVector<int64_t> summed;
  std::function<Value(TapMath &, ValueRange)> element;
};

} // namespace

static Sum dotSum(graph::DotOp op) {
  Sum sum;
  for (int64_t axis : op.getLhsContract())
    sum.summed.push_back(op.getLhs().getType().getDimSize(axis));
  sum.element = [op](TapMath &body, ValueRange index) mutable {
    auto lhsType = op.getLhs().getType(), rhsType = op.getRhs().getType();
    SmallVector<Value> lhs(lhsType.getRank()), rhs(rhsType.getRank());
    size_t next = 0;
    for (auto [a, b] : llvm::zip_equal(op.getLhsBatch(), op.getRhsBatch()))
      lhs[a] = rhs[b] = index[next++];
    size_t contracted = op.getResult().getType().getRank();
    for (auto [a, b] : llvm::zip_equal(op.getLhsContract(), op.getRhsContract()))
      lhs[a] = rhs[b] = index[contracted++];
    for (Value &i : lhs)
      i = i ? i : index[next++];
    for (Value &i : rhs)
      i = i ? i : index[next++];
    return body.product(body.emitter.emit(op.getLhs(), lhs), body.emitter.emit(op.getRhs(), rhs));
  };
  return sum;
}

/// y[n, k, i]: over the taps and the input channels of k's group, which lie side by side in x.
static Sum convSum(graph::ConvOp op) {
  auto x = op.getX().getType(), w = op.getW().getType();
  Sum sum{SmallVector<int64_t>(w.getShape().drop_front(2)), {}};
  sum.summed.push_back(w.getDimSize(1));
  sum.element = [op, x, w](TapMath &body, ValueRange index) mutable {
    int64_t spatial = x.getRank() - 2, perGroup = w.getDimSize(0) / op.getGroups();
    ValueRange taps = index.drop_front(x.getRank());
    Value c = index.back();
    Value channel = c;
    if (op.getGroups() > 1) {
      Value group = body.div(index[1], perGroup);
      channel = body.channel(group, w.getDimSize(1), c);
    }
    SmallVector<Value> at = {index[0], channel}, weight = {index[1], c};
    for (int64_t axis = 0; axis < spatial; ++axis) {
      at.push_back(body.forward(index[axis + 2], op.getResult().getType().getDimSize(axis + 2), taps[axis],
                                w.getDimSize(axis + 2), op.getStride()[axis], op.getDilation()[axis], op.getLow()[axis],
                                x.getDimSize(axis + 2)));
      weight.push_back(taps[axis]);
    }
    return body.guarded(body.product(body.emitter.emit(op.getX(), at), body.emitter.emit(op.getW(), weight)));
  };
  return sum;
}

/// x[n, c, i]: over the taps and the output channels of c's group, which lie side by side in y.
static Sum convDxSum(graph::ConvDxOp op) {
  auto y = op.getY().getType(), w = op.getW().getType();
  Sum sum{SmallVector<int64_t>(w.getShape().drop_front(2)), {}};
  sum.summed.push_back(w.getDimSize(0) / int64_t(op.getGroups()));
  sum.element = [op, y, w](TapMath &body, ValueRange index) mutable {
    int64_t spatial = y.getRank() - 2, perGroup = w.getDimSize(0) / op.getGroups();
    ValueRange taps = index.drop_front(y.getRank());
    Value k = index.back(), c = index[1];
    if (op.getGroups() > 1) {
      Value group = body.div(c, w.getDimSize(1));
      k = body.channel(group, perGroup, k);
      c = body.mod(c, w.getDimSize(1));
    }
    SmallVector<Value> at = {index[0], k}, weight = {k, c};
    for (int64_t axis = 0; axis < spatial; ++axis) {
      at.push_back(body.backward(index[axis + 2], taps[axis], op.getStride()[axis], op.getDilation()[axis],
                                 op.getLow()[axis], y.getDimSize(axis + 2)));
      weight.push_back(taps[axis]);
    }
    return body.guarded(body.product(body.emitter.emit(op.getY(), at), body.emitter.emit(op.getW(), weight)));
  };
  return sum;
}

/// w[k, c, t]: over the batch and the positions of y.
static Sum convDwSum(graph::ConvDwOp op) {
  auto x = op.getX().getType(), y = op.getY().getType(), w = op.getResult().getType();
  Sum sum{{y.getDimSize(0)}, {}};
  llvm::append_range(sum.summed, y.getShape().drop_front(2));
  sum.element = [op, x, y, w](TapMath &body, ValueRange index) mutable {
    int64_t spatial = x.getRank() - 2, perGroup = w.getDimSize(0) / op.getGroups();
    ValueRange places = index.drop_front(w.getRank() + 1);
    Value n = index[w.getRank()], channel = index[1];
    if (op.getGroups() > 1) {
      Value group = body.div(index[0], perGroup);
      channel = body.channel(group, w.getDimSize(1), channel);
    }
    SmallVector<Value> at = {n, channel}, result = {n, index[0]};
    for (int64_t axis = 0; axis < spatial; ++axis) {
      at.push_back(body.forward(places[axis], y.getDimSize(axis + 2), index[axis + 2], w.getDimSize(axis + 2),
                                op.getStride()[axis], op.getDilation()[axis], op.getLow()[axis],
                                x.getDimSize(axis + 2)));
      result.push_back(places[axis]);
    }
    return body.guarded(body.product(body.emitter.emit(op.getX(), at), body.emitter.emit(op.getY(), result)));
  };
  return sum;
}

/// Indices of the element that tap `taps` of the window at `index` covers.
template <typename Op> static SmallVector<Value> covered(Op op, RankedTensorType x, TapMath &body, ValueRange index) {
  SmallVector<Value> at = {index[0], index[1]};
  for (int64_t axis = 0; axis + 2 < x.getRank(); ++axis)
    at.push_back(body.forward(index[axis + 2], op.getResult().getType().getDimSize(axis + 2), index[x.getRank() + axis],
                              op.getKernel()[axis], op.getStride()[axis], 1, op.getLow()[axis],
                              x.getDimSize(axis + 2)));
  return at;
}

/// Row-major number of a tap.
static Value tapNumber(TapMath &body, ValueRange taps, ArrayRef<int64_t> kernel, Type type) {
  Value number = body.constant(0);
  for (auto [tap, size] : llvm::zip_equal(taps, kernel))
    number = body.add(body.mul(number, size), tap);
  return arith::IndexCastOp::create(body.builder, body.loc, type, number);
}

static Sum windowSum(graph::WindowSumOp op) {
  return {SmallVector<int64_t>(op.getKernel()), [op](TapMath &body, ValueRange index) mutable {
            auto at = covered(op, op.getX().getType(), body, index);
            return body.guarded(body.emitter.emit(op.getX(), at));
          }};
}

/// g goes to x[i] from every window whose tap number says so.
static Sum windowMaxDxSum(graph::WindowMaxDxOp op) {
  return {SmallVector<int64_t>(op.getKernel()), [op](TapMath &body, ValueRange index) mutable {
            auto g = op.getG().getType();
            ValueRange taps = index.drop_front(g.getRank());
            SmallVector<Value> at = {index[0], index[1]};
            for (int64_t axis = 0; axis + 2 < g.getRank(); ++axis)
              at.push_back(body.backward(index[axis + 2], taps[axis], op.getStride()[axis], 1, op.getLow()[axis],
                                         g.getDimSize(axis + 2)));
            Value winner = body.emitter.emit(op.getTap(), at);
            body.require(arith::CmpIPredicate::eq, winner, tapNumber(body, taps, op.getKernel(), winner.getType()));
            return body.guarded(body.emitter.emit(op.getG(), at));
          }};
}

static Sum scatterSum(graph::ScatterAddOp op) {
  auto g = op.getG().getType();
  int64_t axis = op.getAxis();
  return {{g.getDimSize(axis)}, [op, g, axis](TapMath &body, ValueRange index) mutable {
            Value from = index[g.getRank()];
            Value number = body.emitter.emit(op.getIndex(), ValueRange{from});
            Value place = arith::IndexCastOp::create(body.builder, body.loc, body.builder.getIndexType(), number);
            Value low = arith::MaxSIOp::create(body.builder, body.loc, place, body.constant(0));
            Value last = body.constant(op.getResult().getType().getDimSize(axis) - 1);
            Value held = arith::MinSIOp::create(body.builder, body.loc, low, last);
            body.require(arith::CmpIPredicate::eq, held, index[axis]);
            SmallVector<Value> at(index.take_front(g.getRank()));
            at[axis] = from;
            return body.guarded(body.emitter.emit(op.getG(), at));
          }};
}

/// The axis of a convolution's weight that is vectorised: the channels that are summed or, if there is only one, the
/// others.
static std::optional<int64_t> channelsOfLanes(Operation *op) {
  if (auto conv = dyn_cast<graph::ConvOp>(op))
    return conv.getW().getType().getDimSize(1) > 1 ? 1 : 0;
  if (auto dx = dyn_cast<graph::ConvDxOp>(op))
    return dx.getW().getType().getDimSize(0) > 1 ? 0 : 1;
  return std::nullopt;
}

/// A copy of a tensor in which the indices of an axis lie side by side.
Value NestEmitter::withInnermost(Value value, int64_t axis, Location loc) {
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, typed(value).getRank()));
  order.erase(order.begin() + axis);
  order.push_back(axis);
  Value copy = map(loc, fused::withLayout(storedType(value, ChannelAxes()), order),
                   [&](PointEmitter &emitter, OpBuilder &, ValueRange index) {
                     return SmallVector<Value>{emitter.emit(value, index)};
                   });
  annotate(copy.getDefiningOp(), "turn", "the channels that are vectorised shall lie side by side");
  return copy;
}

void NestEmitter::emitSum(Operation *op) {
  Sum sum = llvm::TypeSwitch<Operation *, Sum>(op)
                .Case(dotSum)
                .Case(convSum)
                .Case(convDxSum)
                .Case(convDwSum)
                .Case(windowSum)
                .Case(windowMaxDxSum)
                .Case(scatterSum);
  Value result = op->getResult(0);
  SmallVector<int64_t> extents(typed(result).getShape());
  int64_t rank = extents.size();
  llvm::append_range(extents, sum.summed);
  auto axes = llvm::to_vector(llvm::seq<int64_t>(rank, extents.size()));
  std::optional<int64_t> channels = channelsOfLanes(op);
  Value weight = channels ? op->getOperand(1) : Value(), asStored = stored.lookup(weight);
  if (channels)
    stored[weight] = withInnermost(weight, *channels, op->getLoc());
  auto nest = reduce(op->getLoc(), extents, axes, {int32_t(fused::Combine::Sum)}, TypeRange{typeOf(result)}, {},
                     [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
                       TapMath body{emitter, inside, op->getLoc()};
                       return SmallVector<Value>{sum.element(body, index)};
                     });
  if (channels)
    stored[weight] = asStored;
  annotate(nest, plan.nests()[*plan.nestOf(result)]);
  stored[result] = nest.getResult(0);
}

/// First the maxima, then the first tap that equals each.
void NestEmitter::emitWindowMax(graph::WindowMaxOp op) {
  auto x = op.getX().getType();
  SmallVector<int64_t> extents(op.getResult().getType().getShape());
  int64_t rank = extents.size();
  llvm::append_range(extents, op.getKernel());
  auto axes = llvm::to_vector(llvm::seq<int64_t>(rank, extents.size()));
  double lowest = -std::numeric_limits<double>::infinity();
  auto largest = reduce(op.getLoc(), extents, axes, {int32_t(fused::Combine::Max)}, TypeRange{typeOf(op.getResult())},
                        {}, [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
                          TapMath body{emitter, inside, op.getLoc()};
                          auto at = covered(op, x, body, index);
                          return SmallVector<Value>{body.guarded(body.emitter.emit(op.getX(), at), lowest)};
                        });
  annotate(largest, plan.nests()[*plan.nestOf(op.getResult())]);
  stored[op.getResult()] = largest.getResult(0);

  int64_t taps = ShapedType::getNumElements(op.getKernel());
  auto first = reduce(op.getLoc(), extents, axes, {int32_t(fused::Combine::Min)}, TypeRange{typeOf(op.getTap())}, {},
                      [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
                        TapMath body{emitter, inside, op.getLoc()};
                        auto at = covered(op, x, body, index);
                        Value value = body.emitter.emit(op.getX(), at);
                        Value best = body.emitter.emit(op.getResult(), index.take_front(rank));
                        Value equal =
                            arith::CmpFOp::create(inside, op.getLoc(), arith::CmpFPredicate::OEQ, value, best);
                        body.inside =
                            body.inside ? Value(arith::AndIOp::create(inside, op.getLoc(), body.inside, equal)) : equal;
                        Value number = tapNumber(body, index.drop_front(rank), op.getKernel(), inside.getI32Type());
                        return SmallVector<Value>{body.guarded(number, double(taps))};
                      });
  annotate(first, "window_max tap", "the maxima have to be known before they are found again");
  stored[op.getTap()] = first.getResult(0);
}
