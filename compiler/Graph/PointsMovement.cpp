//===- PointsMovement.cpp - Where movement ops and sources read -----------===//
//
// An element of a moved tensor is an element of the operand at another index;
// what lies outside an operand is read at a clamped index and selected away.
//
//===----------------------------------------------------------------------===//

#include "Graph/Graph.h"

using namespace mlir;
using namespace nacre::graph;

using Load = function_ref<Value(unsigned, ValueRange)>;

namespace {

/// Index arithmetic that folds constants as it goes.
struct IndexBuilder {
  OpBuilder &builder;
  Location loc;

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }
  Value add(Value a, int64_t b) {
    return b == 0 ? a : builder.createOrFold<arith::AddIOp>(loc, a, constant(b));
  }
  Value add(Value a, Value b) { return builder.createOrFold<arith::AddIOp>(loc, a, b); }
  Value mul(Value a, int64_t b) {
    return b == 1 ? a : builder.createOrFold<arith::MulIOp>(loc, a, constant(b));
  }
  Value div(Value a, int64_t b) {
    return b == 1 ? a : builder.createOrFold<arith::DivUIOp>(loc, a, constant(b));
  }
  Value mod(Value a, int64_t b) {
    return b == 1 ? constant(0) : builder.createOrFold<arith::RemUIOp>(loc, a, constant(b));
  }
  Value atLeast(Value a, int64_t b) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, a, constant(b));
  }
  Value below(Value a, int64_t b) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, constant(b));
  }
  Value clamp(Value a, int64_t size) {
    Value low = arith::MaxSIOp::create(builder, loc, a, constant(0));
    return arith::MinSIOp::create(builder, loc, low, constant(size - 1));
  }
  Value both(Value a, Value b) { return a ? Value(arith::AndIOp::create(builder, loc, a, b)) : b; }
  /// Row-major number of an index in a shape.
  Value linearize(ValueRange index, ArrayRef<int64_t> shape) {
    Value linear = constant(0);
    for (auto [i, size] : llvm::zip_equal(index, shape))
      linear = add(mul(linear, size), i);
    return linear;
  }
};

} // namespace

static Value zero(OpBuilder &builder, Location loc, Type type) {
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

Value ConstantOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  if (auto splat = dyn_cast<SplatElementsAttr>(getValue()))
    return arith::ConstantOp::create(builder, getLoc(), splat.getSplatValue<TypedAttr>());
  Value table = arith::ConstantOp::create(builder, getLoc(), cast<TypedAttr>(getValue()));
  return tensor::ExtractOp::create(builder, getLoc(), table, index);
}

Value ControlOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  return PointControlOp::create(builder, getLoc(), getResult().getType().getElementType(), getName());
}

Value IotaOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  return arith::IndexCastOp::create(builder, getLoc(), getResult().getType().getElementType(), index[getAxis()]);
}

Value RandomOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  auto type = getResult().getType();
  Value position = IndexBuilder{builder, getLoc()}.linearize(index, type.getShape());
  Value time = getTime() ? load(0, {}) : Value();
  return PointRandomOp::create(builder, getLoc(), type.getElementType(), position, getStream(), time);
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

Value BroadcastOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  SmallVector<Value> inner;
  for (int64_t axis : getAxes())
    inner.push_back(index[axis]);
  return load(0, inner);
}

Value TransposeOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  SmallVector<Value> inner(index.size());
  for (auto [to, from] : llvm::enumerate(getPermutation()))
    inner[from] = index[to];
  return load(0, inner);
}

/// Axes are matched in the shortest groups of equal size, and only within a group
/// is an index taken apart: [N, C * H] to [N, C, H] leaves n alone.
Value ReshapeOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  IndexBuilder at{builder, getLoc()};
  ArrayRef<int64_t> from = getX().getType().getShape(), to = getResult().getType().getShape();
  SmallVector<Value> inner;
  size_t i = 0, j = 0;
  while (i < from.size()) {
    size_t firstFrom = i, firstTo = j;
    int64_t sizeFrom = from[i++], sizeTo = 1;
    while (sizeFrom != sizeTo || (j < to.size() && i == from.size()))
      if (sizeTo < sizeFrom || i == from.size())
        sizeTo *= to[j++];
      else
        sizeFrom *= from[i++];
    Value linear = at.linearize(index.slice(firstTo, j - firstTo), to.slice(firstTo, j - firstTo));
    SmallVector<Value> group(i - firstFrom);
    for (size_t axis = i; axis-- > firstFrom;) {
      bool outermost = axis == firstFrom;
      group[axis - firstFrom] = from[axis] == 1 ? at.constant(0) : outermost ? linear : at.mod(linear, from[axis]);
      if (!outermost)
        linear = at.div(linear, from[axis]);
    }
    inner.append(group);
  }
  return load(0, inner);
}

Value SliceOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  IndexBuilder at{builder, getLoc()};
  SmallVector<Value> inner;
  for (auto [i, start, stride] : llvm::zip_equal(index, getStart(), getStride()))
    inner.push_back(at.add(at.mul(i, stride), start));
  return load(0, inner);
}

Value PadOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  IndexBuilder at{builder, getLoc()};
  auto type = getX().getType();
  SmallVector<Value> inner;
  Value inside;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    int64_t size = type.getDimSize(axis), step = getInterior()[axis] + 1;
    Value i = at.add(index[axis], -getLow()[axis]);
    if (getLow()[axis] > 0)
      inside = at.both(inside, at.atLeast(i, 0));
    if (getHigh()[axis] > 0)
      inside = at.both(inside, at.below(i, (size - 1) * step + 1));
    if (getLow()[axis] > 0 || getHigh()[axis] > 0)
      i = at.clamp(i, (size - 1) * step + 1);
    if (step > 1) {
      Value rest = at.mod(i, step);
      inside = at.both(inside, arith::CmpIOp::create(builder, getLoc(), arith::CmpIPredicate::eq, rest, at.constant(0)));
      i = at.div(i, step);
    }
    inner.push_back(i);
  }
  Value x = load(0, inner);
  return inside ? Value(arith::SelectOp::create(builder, getLoc(), inside, x, zero(builder, getLoc(), x.getType()))) : x;
}

Value ConcatOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  IndexBuilder at{builder, getLoc()};
  int64_t axis = getAxis(), start = 0;
  Value result;
  for (auto [number, operand] : llvm::enumerate(getOperands())) {
    int64_t size = cast<RankedTensorType>(operand.getType()).getDimSize(axis);
    SmallVector<Value> inner(index);
    inner[axis] = at.clamp(at.add(index[axis], -start), size);
    Value x = load(number, inner);
    result = result ? Value(arith::SelectOp::create(builder, getLoc(), at.atLeast(index[axis], start), x, result)) : x;
    start += size;
  }
  return result;
}

Value TakeOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  IndexBuilder at{builder, getLoc()};
  int64_t axis = getAxis();
  Value number = load(1, index[axis]);
  SmallVector<Value> inner(index);
  Value place = arith::IndexCastOp::create(builder, getLoc(), builder.getIndexType(), number);
  inner[axis] = at.clamp(place, getX().getType().getDimSize(axis));
  return load(0, inner);
}
