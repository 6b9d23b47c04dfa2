//===- Elementwise.cpp - Functions of corresponding elements --------------===//

#include "lang/Elaborator/Emitter.h"

#include <cmath>

using namespace nacre::lang;

DType Emitter::commonType(const Site &site, const std::string &verb, const std::vector<Operand> &operands) {
  const Operand *first = nullptr;
  for (const Operand &operand : operands) {
    auto *tensor = operand.term.asTensor();
    if (!tensor)
      continue;
    if (tensor->type.dtype == DType::U8)
      clash(site, "u8 has no arithmetic: convert with float(x) or int(x)", {operand});
    if (first && first->term.asTensor()->type.dtype != tensor->type.dtype)
      clash(site,
            "these cannot be " + verb + ": one is " + dtypeName(first->term.asTensor()->type.dtype) + ", the other " +
                dtypeName(tensor->type.dtype) + "; convert with float(x) or int(x)",
            {*first, operand});
    if (!first)
      first = &operand;
  }
  DType dtype = first->term.asTensor()->type.dtype;
  for (const Operand &operand : operands) {
    const Term &term = operand.term;
    if (term.asTensor())
      continue;
    bool fits = dtype == DType::Float ? term.isNumber() : dtype == DType::Int ? !!term.asInt() : !!term.asBool();
    if (!fits)
      reporter.fail(
          site, "these cannot be " + verb + ": a tensor of " + dtypeName(dtype) + " and " + kindOf(term),
          {{first->span, describe(*first->term.asTensor(), first->span)},
           {operand.span, term.asFunction() ? "the function " + nacre::lang::spell(term) : nacre::lang::spell(term)}});
  }
  return dtype;
}

/// Which dtypes a function takes.
static bool takes(ScalarFn fn, DType dtype) {
  switch (fn) {
  case ScalarFn::Not:
  case ScalarFn::And:
  case ScalarFn::Or:
    return dtype == DType::Bool;
  case ScalarFn::IntDiv:
  case ScalarFn::Mod:
    return dtype == DType::Int;
  case ScalarFn::Add:
  case ScalarFn::Sub:
  case ScalarFn::Mul:
  case ScalarFn::Max:
  case ScalarFn::Min:
  case ScalarFn::Neg:
  case ScalarFn::Abs:
  case ScalarFn::Sign:
  case ScalarFn::Lt:
  case ScalarFn::Le:
    return dtype == DType::Float || dtype == DType::Int;
  case ScalarFn::Eq:
    return true;
  default:
    return dtype == DType::Float;
  }
}

Term Emitter::elementwise(const Site &site, ScalarFn fn, const std::string &verb, std::vector<Operand> operands) {
  DType dtype = commonType(site, verb, operands);
  if (!takes(fn, dtype)) {
    std::string advice = dtype == DType::Bool                            ? "; float(x) makes 0 and 1 of it"
                         : fn == ScalarFn::Div                           ? ": use div, or float(x)"
                         : fn == ScalarFn::IntDiv || fn == ScalarFn::Mod ? ": div and mod are for ints"
                                                                         : "; float(x) converts";
    clash(site, "a tensor of " + dtypeName(dtype) + " cannot be " + verb + advice, operands);
  }
  Common common;
  std::vector<Tensor> fitted = agree(site, verb, operands, dtype, common);
  bool truth = fn == ScalarFn::Lt || fn == ScalarFn::Le || fn == ScalarFn::Eq;
  return emit(site, op::Elementwise{fn}, fitted, {truth ? DType::Bool : dtype, common.shape}, common.names);
}

Term Emitter::compare(const Site &site, BinaryOp op, const Operand &a, const Operand &b) {
  switch (op) {
  case BinaryOp::Eq:
    return elementwise(site, ScalarFn::Eq, "compared", {a, b});
  case BinaryOp::Ne: {
    Term equal = elementwise(site, ScalarFn::Eq, "compared", {a, b});
    return elementwise(site, ScalarFn::Not, "negated", {{equal, site.span}});
  }
  case BinaryOp::Lt:
    return elementwise(site, ScalarFn::Lt, "compared", {a, b});
  case BinaryOp::Le:
    return elementwise(site, ScalarFn::Le, "compared", {a, b});
  case BinaryOp::Gt:
    return elementwise(site, ScalarFn::Lt, "compared", {b, a});
  default:
    return elementwise(site, ScalarFn::Le, "compared", {b, a});
  }
}

Term Emitter::select(const Site &site, const Operand &condition, const Operand &a, const Operand &b) {
  auto *test = condition.term.asTensor();
  if (test && test->type.dtype != DType::Bool)
    clash(site, "the condition of where must be bool, not " + dtypeName(test->type.dtype), {condition});
  if (!test && !condition.term.asBool())
    reporter.fail(site, "the condition of where must be bool, not " + kindOf(condition.term));
  if (!test)
    return *condition.term.asBool() ? a.term : b.term;
  DType dtype = a.term.asTensor() || b.term.asTensor() ? commonType(site, "chosen from", {a, b})
                : a.term.asBool()                      ? DType::Bool
                                                       : DType::Float;
  for (const Operand &value : {a, b})
    if (!value.term.asTensor() && !value.term.isNumber() && !value.term.asBool())
      reporter.fail(site, "where chooses between tensors, not " + kindOf(value.term));
  Common common;
  std::vector<Tensor> fitted = agree(site, "chosen from", {condition, a, b}, dtype, common);
  return emit(site, op::Select{}, fitted, {dtype, common.shape}, common.names);
}

Term Emitter::power(const Site &site, const Operand &base, const Operand &exponent) {
  constexpr int64_t longestProduct = 64;
  const double *fraction = exponent.term.asFloat();
  std::optional<int64_t> whole;
  if (exponent.term.asInt())
    whole = *exponent.term.asInt();
  else if (fraction && *fraction == std::floor(*fraction) && std::abs(*fraction) <= longestProduct)
    whole = static_cast<int64_t>(*fraction);
  if (!base.term.asTensor() || !whole || *whole < 0 || *whole > longestProduct) {
    if (base.term.asTensor() && fraction && *fraction == 0.5)
      return elementwise(site, ScalarFn::Sqrt, "square-rooted", {base});
    if (base.term.asTensor() && whole && *whole == -1)
      return elementwise(site, ScalarFn::Div, "divided", {{Term(1.0), site.span}, base});
    return elementwise(site, ScalarFn::Pow, "raised to a power", {base, exponent});
  }
  // Whole powers are products: exact, and right for negative numbers.
  std::optional<Operand> result;
  Operand square = base;
  for (int64_t rest = *whole; rest; rest >>= 1) {
    if (rest & 1)
      result = result ? Operand{elementwise(site, ScalarFn::Mul, "multiplied", {*result, square}), site.span} : square;
    if (rest > 1)
      square = {elementwise(site, ScalarFn::Mul, "multiplied", {square, square}), site.span};
  }
  if (result)
    return result->term;
  const Tensor &x = *base.term.asTensor();
  return constant(site, x.type.dtype, {1.0}, x.type.shape, x.axes);
}

Tensor Emitter::convert(const Site &site, const Tensor &x, DType to) {
  return x.type.dtype == to ? x : emit(site, op::Convert{}, {x}, {to, x.type.shape}, x.axes);
}

Tensor Emitter::stopGradient(const Site &site, const Tensor &x) {
  return emit(site, op::StopGradient{}, {x}, x.type, x.axes);
}
