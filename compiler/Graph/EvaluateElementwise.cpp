//===- EvaluateElementwise.cpp - What the scalar functions mean -----------===//

#include "Graph/Evaluate.h"
#include <cmath>

using namespace mlir;
using namespace nacre::graph;

/// Applies a scalar function to the elements at each position of the operands.
template <typename Function, typename... Arrays>
static Array map(RankedTensorType type, Function function, const Arrays &...operands) {
  Array result = zeros(type);
  for (size_t i = 0; i < result.data.size(); ++i)
    result.data[i] = roundTo(type.getElementType(), function(operands.data[i]...));
  return result;
}

static double floorDivide(double a, double b) { return b == 0 ? 0 : std::floor(a / b); }
static double sign(double x) { return (x > 0) - (x < 0); }

/// Products of integers may not fit a double.
static double multiply(Type element, double a, double b) {
  if (isa<FloatType>(element))
    return a * b;
  return static_cast<double>(static_cast<int32_t>(static_cast<int64_t>(a) * static_cast<int64_t>(b)));
}

#define UNARY(Op, EXPRESSION)                                                                                          \
  void Op::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {            \
    results.push_back(map(                                                                                             \
        getType(), [](double x) -> double { return EXPRESSION; }, operands[0]));                                       \
  }

UNARY(NegOp, -x)
UNARY(AbsOp, std::fabs(x))
UNARY(SignOp, sign(x))
UNARY(FloorOp, std::floor(x))
UNARY(RoundOp, std::nearbyint(x))
UNARY(ExpOp, std::exp(x))
UNARY(LogOp, std::log(x))
UNARY(SqrtOp, std::sqrt(x))
UNARY(RsqrtOp, 1 / std::sqrt(x))
UNARY(SinOp, std::sin(x))
UNARY(CosOp, std::cos(x))
UNARY(TanhOp, std::tanh(x))
UNARY(ErfOp, std::erf(x))
UNARY(NotOp, x == 0)
UNARY(StopGradientOp, x)
#undef UNARY

#define BINARY(Op, EXPRESSION)                                                                                         \
  void Op::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {            \
    Type element = getType().getElementType();                                                                         \
    (void)element;                                                                                                     \
    results.push_back(map(                                                                                             \
        getType(), [&](double a, double b) -> double { return EXPRESSION; }, operands[0], operands[1]));               \
  }

BINARY(AddOp, a + b)
BINARY(SubOp, a - b)
BINARY(MulOp, multiply(element, a, b))
BINARY(DivOp, a / b)
BINARY(PowOp, std::pow(a, b))
BINARY(IntDivOp, floorDivide(a, b))
BINARY(ModOp, a - b * floorDivide(a, b))
BINARY(MaxOp, maximum(a, b))
BINARY(MinOp, minimum(a, b))
BINARY(LtOp, a < b)
BINARY(LeOp, a <= b)
BINARY(EqOp, a == b)
BINARY(AndOp, a != 0 && b != 0)
BINARY(OrOp, a != 0 || b != 0)
#undef BINARY

void SelectOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  auto choose = [](double condition, double a, double b) { return condition != 0 ? a : b; };
  results.push_back(map(getType(), choose, operands[0], operands[1], operands[2]));
}

/// A float as an integer in [low, high], towards zero. Floats outside have no
/// meaning of their own; they are held at the border.
static double truncateWithin(double x, double low, double high) {
  return std::isnan(x) ? 0 : std::trunc(std::fmin(std::fmax(x, low), high));
}

void ConvertOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  Type from = operands[0].type.getElementType(), to = getType().getElementType();
  auto convert = [&](double x) -> double {
    if (to.isInteger(1))
      return x != 0;
    if (!isa<FloatType>(from) || isa<FloatType>(to))
      return x;
    return to.isInteger(8) ? truncateWithin(x, 0, 255) : truncateWithin(x, -0x1p31, 0x1p31 - 1);
  };
  results.push_back(map(getType(), convert, operands[0]));
}
