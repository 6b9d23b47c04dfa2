//===- PointsElementwise.cpp - Scalar programs of elementwise ops ---------===//
//
// One line an op: what it does to a scalar. Floats may be f32 or f64, integers
// are i32, truth values i1.
//
//===----------------------------------------------------------------------===//

#include "Graph/Graph.h"

using namespace mlir;
using namespace nacre::graph;

using Load = function_ref<Value(unsigned, ValueRange)>;

static bool isFloat(Value value) { return isa<FloatType>(value.getType()); }

static Value constantLike(OpBuilder &builder, Location loc, Value like, double value) {
  Type type = like.getType();
  TypedAttr attribute = isa<FloatType>(type) ? TypedAttr(builder.getFloatAttr(type, value))
                                             : TypedAttr(builder.getIntegerAttr(type, int64_t(value)));
  return arith::ConstantOp::create(builder, loc, attribute);
}

/// `Float` on floats, `Int` on integers.
template <typename Float, typename Int> static Value either(OpBuilder &builder, Location loc, Value a, Value b) {
  return isFloat(a) ? Value(Float::create(builder, loc, a, b)) : Value(Int::create(builder, loc, a, b));
}

static Value compare(OpBuilder &builder, Location loc, arith::CmpFPredicate real, arith::CmpIPredicate integer, Value a,
                     Value b) {
  return isFloat(a) ? Value(arith::CmpFOp::create(builder, loc, real, a, b))
                    : Value(arith::CmpIOp::create(builder, loc, integer, a, b));
}

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

#define UNARY(OP, EXPRESSION)                                                                                          \
  Value OP::emitPoint(OpBuilder &builder, ValueRange index, Load load) {                                               \
    Location loc = getLoc();                                                                                           \
    Value x = load(0, index);                                                                                          \
    return EXPRESSION;                                                                                                 \
  }

UNARY(ExpOp, math::ExpOp::create(builder, loc, x))
UNARY(LogOp, math::LogOp::create(builder, loc, x))
UNARY(SqrtOp, math::SqrtOp::create(builder, loc, x))
UNARY(RsqrtOp, math::RsqrtOp::create(builder, loc, x))
UNARY(SinOp, math::SinOp::create(builder, loc, x))
UNARY(CosOp, math::CosOp::create(builder, loc, x))
UNARY(TanhOp, math::TanhOp::create(builder, loc, x))
UNARY(ErfOp, math::ErfOp::create(builder, loc, x))
UNARY(FloorOp, math::FloorOp::create(builder, loc, x))
UNARY(RoundOp, math::RoundEvenOp::create(builder, loc, x))
UNARY(NotOp, arith::XOrIOp::create(builder, loc, x, constantLike(builder, loc, x, 1)))
UNARY(StopGradientOp, (void(loc), x))
UNARY(NegOp, isFloat(x) ? Value(arith::NegFOp::create(builder, loc, x))
                        : Value(arith::SubIOp::create(builder, loc, constantLike(builder, loc, x, 0), x)))
UNARY(AbsOp, isFloat(x) ? Value(math::AbsFOp::create(builder, loc, x)) : Value(math::AbsIOp::create(builder, loc, x)))
#undef UNARY

Value SignOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  Location loc = getLoc();
  Value x = load(0, index);
  Value zero = constantLike(builder, loc, x, 0);
  Value positive = compare(builder, loc, arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt, x, zero);
  Value negative = compare(builder, loc, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt, x, zero);
  Value below = arith::SelectOp::create(builder, loc, negative, constantLike(builder, loc, x, -1), zero);
  return arith::SelectOp::create(builder, loc, positive, constantLike(builder, loc, x, 1), below);
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

#define BINARY(OP, EXPRESSION)                                                                                         \
  Value OP::emitPoint(OpBuilder &builder, ValueRange index, Load load) {                                               \
    Location loc = getLoc();                                                                                           \
    Value a = load(0, index), b = load(1, index);                                                                      \
    return EXPRESSION;                                                                                                 \
  }

BINARY(AddOp, (either<arith::AddFOp, arith::AddIOp>(builder, loc, a, b)))
BINARY(SubOp, (either<arith::SubFOp, arith::SubIOp>(builder, loc, a, b)))
BINARY(MulOp, (either<arith::MulFOp, arith::MulIOp>(builder, loc, a, b)))
BINARY(DivOp, arith::DivFOp::create(builder, loc, a, b))
BINARY(PowOp, math::PowFOp::create(builder, loc, a, b))
BINARY(IntDivOp, arith::FloorDivSIOp::create(builder, loc, a, b))
BINARY(ModOp, arith::SubIOp::create(builder, loc, a,
                                    arith::MulIOp::create(builder, loc, b,
                                                          arith::FloorDivSIOp::create(builder, loc, a, b))))
BINARY(MaxOp, (either<arith::MaximumFOp, arith::MaxSIOp>(builder, loc, a, b)))
BINARY(MinOp, (either<arith::MinimumFOp, arith::MinSIOp>(builder, loc, a, b)))
BINARY(LtOp, compare(builder, loc, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt, a, b))
BINARY(LeOp, compare(builder, loc, arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle, a, b))
BINARY(EqOp, compare(builder, loc, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq, a, b))
BINARY(AndOp, arith::AndIOp::create(builder, loc, a, b))
BINARY(OrOp, arith::OrIOp::create(builder, loc, a, b))
#undef BINARY

Value SelectOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  Value condition = load(0, index), a = load(1, index), b = load(2, index);
  return arith::SelectOp::create(builder, getLoc(), condition, a, b);
}

Value ConvertOp::emitPoint(OpBuilder &builder, ValueRange index, Load load) {
  Location loc = getLoc();
  Value x = load(0, index);
  Type from = getX().getType().getElementType();
  Type to = getResult().getType().getElementType();
  if (from == to)
    return x;
  bool isUnsigned = from.isInteger(1) || from.isUnsignedInteger();
  if (isa<FloatType>(from) && isa<FloatType>(to))
    return from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth()
               ? Value(arith::ExtFOp::create(builder, loc, to, x))
               : Value(arith::TruncFOp::create(builder, loc, to, x));
  if (isa<FloatType>(to))
    return isUnsigned ? Value(arith::UIToFPOp::create(builder, loc, to, x))
                      : Value(arith::SIToFPOp::create(builder, loc, to, x));
  if (isa<FloatType>(from))
    return arith::FPToSIOp::create(builder, loc, to, x);
  if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
    return isUnsigned ? Value(arith::ExtUIOp::create(builder, loc, to, x))
                      : Value(arith::ExtSIOp::create(builder, loc, to, x));
  return arith::TruncIOp::create(builder, loc, to, x);
}
