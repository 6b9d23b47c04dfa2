//===- GradientsElementwise.cpp - Adjoints of the scalar functions --------===//
//
// The gradient table as mathematics. x (or a, b) are the operands, y the result,
// g the gradient of the result.
//
//===----------------------------------------------------------------------===//

#include "Graph/Term.h"
#include <numbers>

using namespace mlir;
using namespace nacre::graph;

static const double twoOverSqrtPi = 2 * std::numbers::inv_sqrtpi;

#define ADJOINT_OF_UNARY(Op, gradient)                                                                                 \
  void Op::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {         \
    Term g(builder, getLoc(), resultGradients[0]);                                                                     \
    [[maybe_unused]] Term x = g.at(getX()), y = g.at(getResult());                                                     \
    operandGradients.push_back(g.isFloat() ? Value(gradient) : Value());                                               \
  }

// clang-format off
ADJOINT_OF_UNARY(NegOp,   -g)
ADJOINT_OF_UNARY(AbsOp,   g * sign(x))
ADJOINT_OF_UNARY(ExpOp,   g * y)
ADJOINT_OF_UNARY(LogOp,   g / x)
ADJOINT_OF_UNARY(SqrtOp,  g * 0.5 / y)
ADJOINT_OF_UNARY(RsqrtOp, g * (-0.5 * (y * y * y)))
ADJOINT_OF_UNARY(SinOp,   g * cos(x))
ADJOINT_OF_UNARY(CosOp,   g * -sin(x))
ADJOINT_OF_UNARY(TanhOp,  g * (1 - y * y))
ADJOINT_OF_UNARY(ErfOp,   g * (twoOverSqrtPi * exp(-(x * x))))
// clang-format on

#define ADJOINT_OF_BINARY(Op, gradientOfA, gradientOfB)                                                                \
  void Op::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {         \
    Term g(builder, getLoc(), resultGradients[0]);                                                                     \
    [[maybe_unused]] Term a = g.at(getLhs()), b = g.at(getRhs()), y = g.at(getResult());                               \
    operandGradients.push_back(g.isFloat() ? Value(gradientOfA) : Value());                                            \
    operandGradients.push_back(g.isFloat() ? Value(gradientOfB) : Value());                                            \
  }

// At a tie of max and min the gradient goes to b.
// clang-format off
ADJOINT_OF_BINARY(AddOp, g,                  g)
ADJOINT_OF_BINARY(SubOp, g,                  -g)
ADJOINT_OF_BINARY(DivOp, g / b,              -(g * y / b))
ADJOINT_OF_BINARY(MaxOp, where(b < a, g, 0), where(b < a, 0, g))
ADJOINT_OF_BINARY(MinOp, where(a < b, g, 0), where(a < b, 0, g))
// clang-format on

/// A square gets one gradient of 2 * x * g, so that no pass has to find x * g + x * g.
void MulOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), a = g.at(getLhs()), b = g.at(getRhs());
  bool square = getLhs() == getRhs();
  if (!g.isFloat())
    operandGradients.append(2, Value());
  else if (square)
    operandGradients.append({Value(2 * (g * a)), Value()});
  else
    operandGradients.append({Value(g * b), Value(g * a)});
}

/// c * x^(c - 1) for a constant exponent. Where it is none, the exponent's own
/// gradient is y * log(x), and 0 at x = 0.
void PowOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), a = g.at(getLhs()), b = g.at(getRhs()), y = g.at(getResult());
  if (std::optional<double> c = splatOf(b)) {
    Term slope = *c == 1 ? a.constant(1) : *c == 2 ? a * 2 : pow(a, a.constant(*c - 1)) * *c;
    operandGradients.append({Value(g * slope), Value()});
    return;
  }
  operandGradients.push_back(g * (b * pow(a, b - b.constant(1))));
  Term zero = a.constant(0);
  operandGradients.push_back(where(a == zero, zero, g * (y * log(where(a == zero, a.constant(1), a)))));
}

void SelectOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), condition = g.at(getCondition());
  operandGradients.push_back(Value());
  operandGradients.push_back(g.isFloat() ? Value(where(condition, g, 0)) : Value());
  operandGradients.push_back(g.isFloat() ? Value(where(condition, 0, g)) : Value());
}

void ConvertOp::adjoint(OpBuilder &builder, ValueRange resultGradients, SmallVectorImpl<Value> &operandGradients) {
  Term g(builder, getLoc(), resultGradients[0]), x = g.at(getX());
  operandGradients.push_back(g.isFloat() && x.isFloat() ? Value(g.convert(x.type().getElementType())) : Value());
}
