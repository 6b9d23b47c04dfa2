//===- MathTest.cpp - Elementary functions against long double ------------===//

#include "KernelRunner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace nacre::test;

namespace {

using Reference = long double (*)(long double);

/// A map of one function over all given numbers, at the width of vectors and for the rest.
Elements apply(const std::string &function, const std::string &element, const Elements &numbers) {
  std::string type = "tensor<" + std::to_string(numbers.size()) + "x" + element + ">";
  KernelRunner runner("func.func @f(%x: " + type + ") -> " + type + " {\n%r = fused.map [" +
                      std::to_string(numbers.size()) + "] (%x) : (" + type + ") -> " + type +
                      " {\n^bb0(%i: index, %a: " + type + "):\n  %p = tensor.extract %a[%i] : " + type +
                      "\n  %q = " + function + " %p : " + element + "\n  fused.yield %q : " + element +
                      "\n}\nreturn %r : " + type + "\n}");
  KernelRunner::Launch launch = runner.launches()[0];
  Bytes arena = runner.makeArena(launch, {numbers}, {});
  launch.function(arena.data(), launch.args.data(), 0, launch.items, nullptr);
  return runner.result(launch, arena, 0);
}

/// Numbers from `low` to `high`, rounded to f32 so that both types have them; beside
/// those of even distance some that are close to zero.
Elements samples(double low, double high) {
  Elements numbers;
  for (int i = 0; i <= 20000; ++i)
    numbers.push_back(float(low + (high - low) * i / 20000));
  for (double tiny = 1; tiny > 1e-30; tiny /= 3)
    for (double sign : {1.0, -1.0})
      if (double x = float(sign * tiny); x >= low && x <= high)
        numbers.push_back(x);
  return numbers;
}

struct Bound {
  double single;   ///< In units in the last place of f32.
  double relative; ///< In f64.
};

void expectAccurate(const std::string &function, Reference reference, double low, double high, Bound bound) {
  SCOPED_TRACE(function);
  Elements numbers = samples(low, high);
  Elements single = apply(function, "f32", numbers), twice = apply(function, "f64", numbers);
  double worst = 0, worstRelative = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    long double exact = reference(numbers[i]);
    if (std::fabs(double(exact)) < std::numeric_limits<float>::min())
      continue;
    float rounded = std::fabs(float(exact));
    double unit = double(std::nextafter(rounded, std::numeric_limits<float>::infinity())) - rounded;
    worst = std::max(worst, double(std::fabs(single[i] - exact)) / unit);
    worstRelative = std::max(worstRelative, double(std::fabs((twice[i] - exact) / exact)));
  }
  EXPECT_LE(worst, bound.single);
  EXPECT_LE(worstRelative, bound.relative);
}

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What becomes of the special numbers, in both types.
void expectSpecial(const std::string &function, const Elements &numbers, const Elements &expected) {
  SCOPED_TRACE(function);
  for (const char *element : {"f32", "f64"}) {
    Elements repeated;
    for (int i = 0; i < 20; ++i)
      repeated.insert(repeated.end(), numbers.begin(), numbers.end());
    Elements found = apply(function, element, repeated);
    for (size_t i = 0; i < found.size(); ++i) {
      double wanted = expected[i % expected.size()];
      EXPECT_TRUE(found[i] == wanted || (std::isnan(found[i]) && std::isnan(wanted)))
          << element << " of " << repeated[i] << " is " << found[i] << ", not " << wanted;
    }
  }
}

} // namespace

TEST(Math, IsAccurate) {
  expectAccurate("math.exp", expl, -87, 88.7, {1.5, 1e-14});
  expectAccurate("math.log", logl, 1e-30, 10, {1.5, 1e-14});
  expectAccurate("math.log", logl, 1, 1e30, {1.5, 1e-14});
  expectAccurate("math.tanh", tanhl, -12, 12, {2.5, 1e-14});
  expectAccurate("math.rsqrt", [](long double x) { return 1 / sqrtl(x); }, 1e-20, 100, {1.5, 1e-15});
}

/// Near a zero of sine and cosine the relative error of the reduction shows.
TEST(Math, GoesRoundTheCircle) {
  expectAccurate("math.sin", sinl, -10, 10, {1.5, 1e-13});
  expectAccurate("math.cos", cosl, -10, 10, {1.5, 1e-13});
  expectAccurate("math.sin", sinl, -10000, 10000, {1.5, 1e-12});
}

TEST(Math, HasAnAccurateErrorFunction) {
  Elements numbers = samples(-6, 6);
  Elements single = apply("math.erf", "f32", numbers), twice = apply("math.erf", "f64", numbers);
  for (size_t i = 0; i < numbers.size(); ++i) {
    double exact = double(erfl(numbers[i]));
    EXPECT_NEAR(single[i], exact, 2e-7);
    EXPECT_NEAR(twice[i], exact, 1e-14 * std::fabs(exact));
  }
}

TEST(Math, KnowsInfinitiesAndNaN) {
  double nan = std::nan("");
  expectSpecial("math.exp", {infinity, -infinity, nan, 1000, -1000, 0}, {infinity, 0, nan, infinity, 0, 1});
  expectSpecial("math.log", {0, -1, infinity, nan, 1, -infinity}, {-infinity, nan, infinity, nan, 0, nan});
  expectSpecial("math.tanh", {infinity, -infinity, nan, 0, -100}, {1, -1, nan, 0, -1});
  expectSpecial("math.sin", {infinity, nan, 0}, {nan, nan, 0});
  expectSpecial("math.cos", {-infinity, nan, 0}, {nan, nan, 1});
  expectSpecial("math.erf", {nan, 0}, {nan, 0});
  expectSpecial("math.rsqrt", {0, infinity, -1}, {infinity, 0, nan});
}

TEST(Math, TakesTheLogarithmOfSubnormals) {
  Elements numbers(33, 1e-40), found = apply("math.log", "f32", numbers);
  for (double value : found)
    EXPECT_NEAR(value, std::log(double(1e-40f)), 2e-5);
}

TEST(Math, RaisesToPowers) {
  Elements bases = {2, 0.5, 3, -2, -2, -8, 0, 0, 1, 10, 7.25, 5},
           exponents = {10, -3, 0.5, 3, 2, 1.0 / 3, 2, -1, 1e9, -30, 2.5, 0};
  std::string type = "tensor<12xf64>";
  KernelRunner runner(
      "func.func @f(%x: tensor<12xf64>, %y: tensor<12xf64>) -> (tensor<12xf64>, tensor<12xf32>) {\n"
      "%r:2 = fused.map [12] (%x, %y) : (tensor<12xf64>, tensor<12xf64>) -> (tensor<12xf64>, tensor<12xf32>) {\n"
      "^bb0(%i: index, %a: tensor<12xf64>, %b: tensor<12xf64>):\n"
      "  %p = tensor.extract %a[%i] : tensor<12xf64>\n  %q = tensor.extract %b[%i] : tensor<12xf64>\n"
      "  %v = math.powf %p, %q : f64\n  %s = arith.truncf %p : f64 to f32\n"
      "  %t = arith.truncf %q : f64 to f32\n  %u = math.powf %s, %t : f32\n"
      "  fused.yield %v, %u : f64, f32\n}\nreturn %r#0, %r#1 : tensor<12xf64>, tensor<12xf32>\n}");
  KernelRunner::Launch launch = runner.launches()[0];
  Bytes arena = runner.makeArena(launch, {bases, exponents}, {});
  launch.function(arena.data(), launch.args.data(), 0, launch.items, nullptr);
  Elements twice = runner.result(launch, arena, 0), single = runner.result(launch, arena, 1);
  for (size_t i = 0; i < bases.size(); ++i) {
    double exact = std::pow(bases[i], exponents[i]);
    double exactSingle = std::pow(double(float(bases[i])), double(float(exponents[i])));
    SCOPED_TRACE(exact);
    EXPECT_TRUE(twice[i] == exact || std::fabs(twice[i] / exact - 1) < 1e-13 ||
                (std::isnan(exact) && std::isnan(twice[i])));
    EXPECT_TRUE(single[i] == float(exactSingle) || std::fabs(single[i] / exactSingle - 1) < 1.2e-7 ||
                (std::isnan(exactSingle) && std::isnan(single[i])));
  }
}
