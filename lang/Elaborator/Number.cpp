//===- Number.cpp - Arithmetic that ends while compiling ------------------===//

#include "lang/Elaborator/Number.h"

#include <cmath>
#include <limits>

using namespace nacre::lang;

static int64_t floorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

[[noreturn]] static void overflow(const Reporter &reporter, const Site &site, const Term &a, const std::string &op,
                                  const Term &b) {
  reporter.fail(site, spell(a) + " " + op + " " + spell(b) + " is no 64-bit number");
}

static Term intPower(const Reporter &reporter, const Site &site, int64_t base, int64_t exponent) {
  if (exponent < 0)
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  int64_t result = 1;
  // Other bases overflow within 63 steps.
  if (base == 0 || base == 1)
    return exponent == 0 ? int64_t(1) : base;
  if (base == -1)
    return exponent % 2 ? int64_t(-1) : int64_t(1);
  for (int64_t i = 0; i < exponent; ++i)
    if (__builtin_mul_overflow(result, base, &result))
      overflow(reporter, site, base, "^", exponent);
  return result;
}

static Term intArithmetic(const Reporter &reporter, const Site &site, BinaryOp op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
  case BinaryOp::Add:
    if (__builtin_add_overflow(a, b, &result))
      overflow(reporter, site, a, "+", b);
    return result;
  case BinaryOp::Sub:
    if (__builtin_sub_overflow(a, b, &result))
      overflow(reporter, site, a, "-", b);
    return result;
  case BinaryOp::Mul:
    if (__builtin_mul_overflow(a, b, &result))
      overflow(reporter, site, a, "*", b);
    return result;
  case BinaryOp::Div:
  case BinaryOp::IntDiv:
  case BinaryOp::Mod:
    if (b == 0)
      reporter.fail(site, "division of " + std::to_string(a) + " by zero");
    if (a == std::numeric_limits<int64_t>::min() && b == -1)
      overflow(reporter, site, a, "/", b);
    if (op == BinaryOp::Div && a % b != 0)
      reporter.fail(site, std::to_string(a) + " / " + std::to_string(b) +
                              " does not come out even: use div for whole numbers, or a fraction such as " +
                              std::to_string(a) + " / " + std::to_string(b) + ".0");
    return op == BinaryOp::Mod ? a - floorDiv(a, b) * b : floorDiv(a, b);
  case BinaryOp::Pow:
    return intPower(reporter, site, a, b);
  case BinaryOp::Lt:
    return a < b;
  case BinaryOp::Le:
    return a <= b;
  case BinaryOp::Gt:
    return a > b;
  default:
    return a >= b;
  }
}

Term nacre::lang::arithmetic(const Reporter &reporter, const Site &site, BinaryOp op, const Term &a, const Term &b) {
  if (a.asInt() && b.asInt())
    return intArithmetic(reporter, site, op, *a.asInt(), *b.asInt());
  double x = a.number(), y = b.number();
  switch (op) {
  case BinaryOp::Add:
    return x + y;
  case BinaryOp::Sub:
    return x - y;
  case BinaryOp::Mul:
    return x * y;
  case BinaryOp::Div:
    if (y == 0)
      reporter.fail(site, "division of " + spell(a) + " by zero");
    return x / y;
  case BinaryOp::IntDiv:
  case BinaryOp::Mod:
    reporter.fail(site, "div and mod are for ints, not " + spell(a) + " and " + spell(b));
  case BinaryOp::Pow:
    return std::pow(x, y);
  case BinaryOp::Lt:
    return x < y;
  case BinaryOp::Le:
    return x <= y;
  case BinaryOp::Gt:
    return x > y;
  default:
    return x >= y;
  }
}

int64_t nacre::lang::toInt(const Reporter &reporter, const Site &site, double number) {
  if (!(std::abs(number) < 9.2e18))
    reporter.fail(site, spellFloat(number) + " is no 64-bit number");
  return static_cast<int64_t>(number);
}

/// Halves go to the even neighbour.
static double roundEven(double x) {
  double down = std::floor(x), rest = x - down;
  if (rest != 0.5)
    return std::round(x);
  return std::fmod(down, 2) == 0 ? down : down + 1;
}

static double floatFunction(const std::string &name, double x) {
  if (name == "exp")
    return std::exp(x);
  if (name == "log")
    return std::log(x);
  if (name == "sqrt")
    return std::sqrt(x);
  if (name == "rsqrt")
    return 1 / std::sqrt(x);
  if (name == "sin")
    return std::sin(x);
  if (name == "cos")
    return std::cos(x);
  if (name == "tanh")
    return std::tanh(x);
  return std::erf(x);
}

Term nacre::lang::numberFunction(const Reporter &reporter, const Site &site, const std::string &name,
                                 const std::vector<Term> &operands) {
  const Term &a = operands[0];
  if (name == "max" || name == "min") {
    const Term &b = operands[1];
    bool first = name == "max" ? a.number() > b.number() : a.number() < b.number();
    const Term &chosen = first ? a : b;
    // A mixture is a float: the kind must not depend on the values.
    return a.asInt() && b.asInt() ? chosen : Term(chosen.number());
  }
  double x = a.number();
  if (name == "floor" || name == "ceil" || name == "round")
    return a.asInt() ? a
                     : Term(toInt(reporter, site,
                                  name == "floor"  ? std::floor(x)
                                  : name == "ceil" ? std::ceil(x)
                                                   : roundEven(x)));
  if (name == "abs" && a.asInt()) {
    if (*a.asInt() == std::numeric_limits<int64_t>::min())
      reporter.fail(site, "abs of " + spell(a) + " is no 64-bit number");
    return *a.asInt() < 0 ? -*a.asInt() : *a.asInt();
  }
  if (name == "abs")
    return std::abs(x);
  if (name == "sign")
    return a.asInt() ? Term(int64_t((*a.asInt() > 0) - (*a.asInt() < 0))) : Term(double((x > 0) - (x < 0)));
  if ((name == "log" && x <= 0) || (name == "rsqrt" && x <= 0) || (name == "sqrt" && x < 0))
    reporter.fail(site, name + "(" + spell(a) + ") is no number");
  return floatFunction(name, x);
}
