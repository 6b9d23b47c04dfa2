//===- ElementwiseGradientTest.cpp - Slopes of the scalar functions -------===//

#include "Harness.h"
#include <gtest/gtest.h>

using namespace nacre::graph;

namespace {
struct UnaryCase {
  const char *op;
  double low, high; ///< where the function is smooth
};

TEST(ElementwiseGradient, UnaryFunctionsHaveTheirSlopes) {
  Random random(1);
  for (auto [op, low, high] : {UnaryCase{"neg", -1, 1},
                               {"abs", 0.1, 1},
                               {"abs", -1, -0.1},
                               {"exp", -1, 1},
                               {"log", 0.5, 2},
                               {"sqrt", 0.5, 2},
                               {"rsqrt", 0.5, 2},
                               {"sin", -3, 3},
                               {"cos", -3, 3},
                               {"tanh", -2, 2},
                               {"erf", -2, 2}})
    expectGradients({{{2, 3}, low, high}}, std::string("%y = graph.") + op + " %a0 : " + typeOf({2, 3}), typeOf({2, 3}),
                    random);
}

TEST(ElementwiseGradient, BinaryFunctionsHaveTheirSlopes) {
  Random random(2);
  for (const char *op : {"add", "sub", "mul", "div", "pow"})
    expectGradients({{{5}, 0.5, 2}, {{5}, 0.5, 2}}, std::string("%y = graph.") + op + " %a0, %a1 : " + typeOf({5}),
                    typeOf({5}), random);
}

TEST(ElementwiseGradient, ExtremaPassTheGradientToTheOneThatWins) {
  Random random(3);
  for (const char *op : {"max", "min"})
    for (double offset : {-3, 3})
      expectGradients({{{4}, -1, 1}, {{4}, offset - 1, offset + 1}},
                      std::string("%y = graph.") + op + " %a0, %a1 : " + typeOf({4}), typeOf({4}), random);
}

TEST(ElementwiseGradient, SquaresAndConstantPowers) {
  Random random(4);
  expectGradients({{{7}}}, "%y = graph.mul %a0, %a0 : tensor<7xf64>", "tensor<7xf64>", random);
  for (const char *exponent : {"1.0", "2.0", "3.0", "0.5", "-1.5"})
    expectGradients({{{7}, 0.5, 2}},
                    std::string("%c = graph.constant dense<") + exponent +
                        "> : tensor<7xf64>\n%y = graph.pow %a0, %c : tensor<7xf64>",
                    "tensor<7xf64>", random);
}

TEST(ElementwiseGradient, SelectSendsItWhereTheConditionPoints) {
  Random random(5);
  expectGradients({{{3, 4}}, {{3, 4}}, {{3, 4}}},
                  "%c = graph.lt %a2, %a0 : tensor<3x4xf64>\n%y = graph.select %c, %a0, %a1 : tensor<3x4xf64>",
                  "tensor<3x4xf64>", random);
}

TEST(ElementwiseGradient, ConversionConvertsBack) {
  // The way through f32 rounds, so the gradient is taken by hand.
  auto module = parse(R"(
    func.func @forward_train(%x: tensor<2xf64> {nacre.role = "param", nacre.name = "x"})
        -> (tensor<f64> {nacre.role = "loss"}) {
      %0 = graph.convert %x : tensor<2xf64> to tensor<2xf32>
      %1 = graph.mul %0, %0 : tensor<2xf32>
      %2 = graph.convert %1 : tensor<2xf32> to tensor<2xf64>
      %3 = graph.reduce sum %2 over [0] : tensor<2xf64> to tensor<f64>
      return %3 : tensor<f64>
    })");
  expectGradientsAt(*module, {{3, -2}}, {6, -4});
}

TEST(ElementwiseGradient, TiesGoToTheSecondOperand) {
  for (const char *op : {"max", "min"}) {
    auto module = parse(std::string(R"(
      func.func @forward_train(%x: tensor<1xf64> {nacre.role = "param", nacre.name = "x"},
                               %z: tensor<1xf64> {nacre.role = "param", nacre.name = "z"})
          -> (tensor<f64> {nacre.role = "loss"}) {
        %0 = graph.)") + op +
                        R"( %x, %z : tensor<1xf64>
        %1 = graph.reduce sum %0 over [0] : tensor<1xf64> to tensor<f64>
        return %1 : tensor<f64>
      })");
    expectGradientsAt(*module, {{0.5}, {0.5}}, {0, 1});
  }
}

TEST(ElementwiseGradient, AbsHasSlopeZeroAtZero) {
  auto module = parse(R"(
    func.func @forward_train(%x: tensor<1xf64> {nacre.role = "param", nacre.name = "x"})
        -> (tensor<f64> {nacre.role = "loss"}) {
      %0 = graph.abs %x : tensor<1xf64>
      %1 = graph.reduce sum %0 over [0] : tensor<1xf64> to tensor<f64>
      return %1 : tensor<f64>
    })");
  expectGradientsAt(*module, {{0}}, {0});
}

TEST(ElementwiseGradient, StopGradientStops) {
  auto module = parse(R"(
    func.func @forward_train(%x: tensor<1xf64> {nacre.role = "param", nacre.name = "x"},
                             %z: tensor<1xf64> {nacre.role = "param", nacre.name = "z"})
        -> (tensor<f64> {nacre.role = "loss"}) {
      %s = graph.stop_gradient %x : tensor<1xf64>
      %0 = graph.mul %x, %s : tensor<1xf64>
      %1 = graph.reduce sum %0 over [0] : tensor<1xf64> to tensor<f64>
      return %1 : tensor<f64>
    })");
  expectGradientsAt(*module, {{3}, {1}}, {3, 0});
}
} // namespace
