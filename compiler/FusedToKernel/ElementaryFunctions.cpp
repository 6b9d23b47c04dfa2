//===- ElementaryFunctions.cpp - exp, log, sin and others as code ---------===//
//
// Each function is reduced to a short interval and is a polynomial there
// (MathTables.def). No branches: special cases are selected at the end.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/ElementaryFunctions.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace nacre::kernel;
using Predicate = arith::CmpFPredicate;

#define TABLE(name, ...) static constexpr double name##Table[] = {__VA_ARGS__};
#include "FusedToKernel/MathTables.def"

static constexpr double infinity = std::numeric_limits<double>::infinity();
static constexpr double ln2 = 0.693147180559945309417, ln2Rest = 2.319046813846299558e-17;

/// The first terms of a table suffice in f32.
static ArrayRef<double> terms(const FloatMath &math, ArrayRef<double> table, size_t inSingle) {
  return math.isDouble() ? table : table.take_front(inSingle);
}

namespace {

/// x = k * c + r for a constant c and the nearest integer k.
struct Reduced {
  Value k;     ///< As a float.
  Value kBits; ///< A word whose lowest bits are those of k.
  Value r;
};

} // namespace

/// The sum with this number has no fraction bits, and k in the lowest ones.
static double roundingShift(const FloatMath &math) { return math.isDouble() ? 0x1.8p52 : 0x1.8p23; }

static Reduced reduceTo(const FloatMath &math, Value x, double inverse, ArrayRef<double> parts) {
  double shift = roundingShift(math);
  Value shifted = math.fma(x, inverse, math.constant(shift));
  Reduced reduced{math.sub(shifted, math.constant(shift)), math.bits(shifted), x};
  for (double part : parts)
    reduced.r = math.fma(reduced.k, -part, reduced.r);
  return reduced;
}

static Reduced reduceByLn2(const FloatMath &math, Value x) {
  double high = math.isDouble() ? ln2 : double(float(ln2));
  return reduceTo(math, x, 1 / ln2, {high, math.isDouble() ? ln2Rest : ln2 - high});
}

/// P of e^r = 1 + r + r^2 P(r).
static Value exponentialTail(const FloatMath &math, Value r) {
  return math.polynomial(math.isDouble() ? ArrayRef<double>(exp64Table) : ArrayRef<double>(exp32Table), r);
}

Value nacre::kernel::emitExp(const FloatMath &math, Value x) {
  Reduced reduced = reduceByLn2(math, x);
  Value one = math.constant(1);
  Value e = math.fma(math.fma(exponentialTail(math, reduced.r), reduced.r, one), reduced.r, one);
  // 2^k e^r: k is added to the exponent.
  Value scaled = math.fromBits(math.addBits(math.bits(e), math.shiftLeft(reduced.kBits, math.mantissaBits())));
  double largest = math.isDouble() ? 709.78271289338397 : 88.722839;
  double smallest = math.isDouble() ? -708.39641853226408 : -87.336544;
  Value notTiny = math.select(math.compare(Predicate::OLT, x, smallest), math.constant(0), scaled);
  return math.select(math.compare(Predicate::UGT, x, largest), math.mul(x, infinity), notTiny);
}

Value nacre::kernel::emitLog(const FloatMath &math, Value x) {
  bool isDouble = math.isDouble();
  double smallestNormal = isDouble ? std::numeric_limits<double>::min() : std::numeric_limits<float>::min();
  double lift = isDouble ? 54 : 25;
  Value isTiny = math.compare(Predicate::OLT, x, smallestNormal);
  Value normal = math.select(isTiny, math.mul(x, std::exp2(lift)), x);

  // x = 2^k m with m in sqrt(1/2) .. sqrt(2).
  Value root = math.bits(math.constant(std::sqrt(0.5)));
  Value exponent = arith::ShRSIOp::create(math.builder, math.loc, math.subBits(math.bits(normal), root),
                                          math.integer(math.mantissaBits()));
  Value m = math.fromBits(math.subBits(math.bits(normal), math.shiftLeft(exponent, math.mantissaBits())));
  Value k = arith::SIToFPOp::create(math.builder, math.loc, math.type, exponent);
  k = math.select(isTiny, math.sub(k, math.constant(lift)), k);

  // log(1 + f) = f - s (f - s^2 P(s^2)), s = f / (2 + f)
  Value f = math.sub(m, math.constant(1));
  Value s = math.div(f, math.add(m, math.constant(1)));
  Value square = math.mul(s, s);
  Value tail = math.polynomial(terms(math, logTable, 5), square);
  Value y = math.fma(math.neg(s), math.fma(math.neg(square), tail, f), f);
  double high = isDouble ? ln2 : double(float(ln2));
  y = math.fma(k, high, math.fma(k, isDouble ? ln2Rest : ln2 - high, y));

  y = math.select(math.compare(Predicate::OEQ, x, 0.0), math.constant(-infinity), y);
  y = math.select(math.compare(Predicate::ULT, x, 0.0), math.constant(std::numeric_limits<double>::quiet_NaN()), y);
  return math.select(math.compare(Predicate::OEQ, x, infinity), x, y);
}

/// (e^(2 |x|) - 1) / (e^(2 |x|) + 1); the numerator is exact for small x.
Value nacre::kernel::emitTanh(const FloatMath &math, Value x) {
  Value z = math.mul(math.atMost(math.abs(x), math.isDouble() ? 20 : 10), 2.0);
  Reduced reduced = reduceByLn2(math, z);
  Value less = math.fma(math.mul(reduced.r, reduced.r), exponentialTail(math, reduced.r), reduced.r);
  Value one = math.bits(math.constant(1));
  Value power = math.fromBits(math.addBits(one, math.shiftLeft(reduced.kBits, math.mantissaBits())));
  Value numerator = math.fma(power, less, math.sub(power, math.constant(1)));
  return math.withSign(math.div(numerator, math.add(numerator, math.constant(2))), x);
}

//===----------------------------------------------------------------------===//
// Error function
//===----------------------------------------------------------------------===//

static Value emitErfSingle(const FloatMath &math, Value x) {
  constexpr double end = 3.8;
  Value near = math.atLeast(math.atMost(x, end), -end);
  Value s = math.fma(near, math.mul(near, 2 / (end * end)), math.constant(-1));
  return math.mul(near, math.polynomial(erf32Table, s));
}

static Value emitErfDouble(const FloatMath &math, Value x) {
  Value a = math.atMost(math.abs(x), 6);
  Value square = math.mul(a, a);
  Value inner = math.mul(a, math.polynomial(erf64Table, square));
  Value three = math.constant(3);
  Value t = math.div(math.sub(a, three), math.add(a, three));
  Value complement = math.mul(emitExp(math, math.neg(square)), math.polynomial(erfc64Table, t));
  Value outer = math.sub(math.constant(1), complement);
  return math.withSign(math.select(math.compare(Predicate::OGT, a, 1.0), outer, inner), x);
}

Value nacre::kernel::emitErf(const FloatMath &math, Value x) {
  return math.isDouble() ? emitErfDouble(math, x) : emitErfSingle(math, x);
}

//===----------------------------------------------------------------------===//
// Circle
//===----------------------------------------------------------------------===//

/// sin(x + quarters * pi / 2). f32 is reduced in f64.
static Value emitCircle(const FloatMath &math, Value x, unsigned quarters) {
  FloatMath wide{math.builder, math.loc, math.like(math.builder.getF64Type())};
  Value wideX = math.isDouble() ? x : Value(arith::ExtFOp::create(math.builder, math.loc, wide.type, x));
  constexpr double parts[] = {1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33};
  Reduced reduced = reduceTo(wide, wideX, 0.63661977236758134, parts);
  Value r = math.isDouble() ? reduced.r : Value(arith::TruncFOp::create(math.builder, math.loc, math.type, reduced.r));
  Value quadrant = wide.addBits(reduced.kBits, wide.integer(quarters));

  Value square = math.mul(r, r);
  Value sine = math.fma(math.mul(square, r), math.polynomial(terms(math, sinTable, 4), square), r);
  Value cosine = math.fma(square, math.polynomial(terms(math, cosTable, 5), square), math.constant(1));
  Value value = math.select(wide.hasBits(quadrant, 1), cosine, sine);
  return math.select(wide.hasBits(quadrant, 2), math.neg(value), value);
}

Value nacre::kernel::emitSin(const FloatMath &math, Value x) { return emitCircle(math, x, 0); }
Value nacre::kernel::emitCos(const FloatMath &math, Value x) { return emitCircle(math, x, 1); }

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

/// e^(y log |x|), in f64: the error of a logarithm is multiplied by y.
Value nacre::kernel::emitPow(const FloatMath &math, Value x, Value y) {
  if (!math.isDouble()) {
    FloatMath wide{math.builder, math.loc, math.like(math.builder.getF64Type())};
    auto widen = [&](Value v) { return arith::ExtFOp::create(math.builder, math.loc, wide.type, v); };
    return arith::TruncFOp::create(math.builder, math.loc, math.type, emitPow(wide, widen(x), widen(y)));
  }
  Value power = emitExp(math, math.mul(y, emitLog(math, math.abs(x))));
  Value isInteger = math.compare(Predicate::OEQ, math::FloorOp::create(math.builder, math.loc, y), y);
  Value half = math.mul(y, 0.5);
  Value isEven = math.compare(Predicate::OEQ, math::FloorOp::create(math.builder, math.loc, half), half);
  Value notANumber = math.constant(std::numeric_limits<double>::quiet_NaN());
  Value ofNegative = math.select(isInteger, math.select(isEven, power, math.neg(power)), notANumber);
  Value result = math.select(math.compare(Predicate::OLT, x, 0.0), ofNegative, power);
  Value one = math.constant(1);
  result = math.select(math.compare(Predicate::OEQ, x, 1.0), one, result);
  return math.select(math.compare(Predicate::OEQ, y, 0.0), one, result);
}

Value nacre::kernel::emitRsqrt(const FloatMath &math, Value x) {
  return math.div(math.constant(1), math::SqrtOp::create(math.builder, math.loc, x));
}
