//===- StepTest.cpp - The composed step computes what its parts compute ---===//

#include "Grad/Passes.h"
#include "Graph/Ports.h"
#include "Harness.h"
#include "Pipeline/VerifyByExecution.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace nacre::graph;

namespace {
/// Linear regression, with a state that counts and a momentum.
const char *regression = R"(
func.func @forward_train(%w: tensor<3xf64> {nacre.role = "param", nacre.name = "w"},
                         %n: tensor<i32> {nacre.role = "state", nacre.name = "n"},
                         %x: tensor<5x3xf64> {nacre.role = "field", nacre.name = "x"},
                         %t: tensor<5xf64> {nacre.role = "field", nacre.name = "t"})
    -> (tensor<f64> {nacre.role = "loss"}, tensor<i32> {nacre.role = "state", nacre.name = "n"}) {
  %0 = graph.dot %x, %w batch [], [] contract [1], [0] : tensor<5x3xf64>, tensor<3xf64> to tensor<5xf64>
  %1 = graph.sub %0, %t : tensor<5xf64>
  %2 = graph.mul %1, %1 : tensor<5xf64>
  %3 = graph.reduce sum %2 over [0] : tensor<5xf64> to tensor<f64>
  %one = graph.constant dense<1> : tensor<i32>
  %4 = graph.add %n, %one : tensor<i32>
  return %3, %4 : tensor<f64>, tensor<i32>
}
func.func @update(%w: tensor<3xf64> {nacre.role = "param", nacre.name = "w"},
                  %g: tensor<3xf64> {nacre.role = "gradient", nacre.name = "w"},
                  %norm: tensor<f64> {nacre.role = "grad_norm"},
                  %m: tensor<3xf64> {nacre.role = "state", nacre.name = "optimizer.w.m"})
    -> (tensor<3xf64> {nacre.role = "param", nacre.name = "w"},
        tensor<3xf64> {nacre.role = "state", nacre.name = "optimizer.w.m"}) {
  %0 = graph.broadcast %norm axes [] : tensor<f64> to tensor<3xf64>
  %1 = graph.div %g, %0 : tensor<3xf64>
  %2 = graph.add %m, %1 : tensor<3xf64>
  %3 = graph.sub %w, %2 : tensor<3xf64>
  return %3, %2 : tensor<3xf64>, tensor<3xf64>
}
)";

Array array(std::vector<int64_t> shape, std::vector<double> data, Type element) {
  return {RankedTensorType::get(shape, element), std::move(data)};
}

/// Runs @train of the regression, whose arguments are w, n, m, x, t; x has a row for each of t.
std::vector<Array> trainRegression(std::vector<double> w, std::vector<double> x, std::vector<double> t) {
  OwningOpRef<ModuleOp> module = parse(regression);
  runPasses(*module, nacre::grad::buildGradPipeline);
  Builder builder(&testContext());
  Type f64 = builder.getF64Type();
  return run(*module, "train",
             {array({3}, w, f64), array({}, {7}, builder.getI32Type()), array({3}, {0.5, 0, 0}, f64),
              array({5, 3}, x, f64), array({5}, t, f64)});
}

TEST(Step, UpdatesByTheNormalisedGradient) {
  std::vector<double> w{1, -2, 0.5}, x, t{1, 0, -1, 2, 3}, gradient(3, 0);
  for (int i = 0; i < 15; ++i)
    x.push_back(std::sin(i + 1));
  double loss = 0;
  for (int row = 0; row < 5; ++row) {
    double error = -t[row];
    for (int k = 0; k < 3; ++k)
      error += w[k] * x[3 * row + k];
    loss += error * error;
    for (int k = 0; k < 3; ++k)
      gradient[k] += 2 * error * x[3 * row + k];
  }
  double norm = std::sqrt(gradient[0] * gradient[0] + gradient[1] * gradient[1] + gradient[2] * gradient[2]);

  // loss, w, n, m, gradient
  std::vector<Array> results = trainRegression(w, x, t);
  ASSERT_EQ(results.size(), 5u);
  EXPECT_NEAR(results[0].data[0], loss, 1e-12);
  EXPECT_EQ(results[2].data[0], 8);
  for (int k = 0; k < 3; ++k) {
    double momentum = (k == 0 ? 0.5 : 0) + gradient[k] / norm;
    EXPECT_NEAR(results[1].data[k], w[k] - momentum, 1e-12);
    EXPECT_NEAR(results[3].data[k], momentum, 1e-12);
    EXPECT_NEAR(results[4].data[k], gradient[k], 1e-12);
  }
}

TEST(Step, LosesNothingWhenTheLossIsNotFinite) {
  for (double bad : {std::nan(""), double(INFINITY)}) {
    std::vector<Array> results = trainRegression({1, -2, 0.5}, std::vector<double>(15, 1), {bad, 0, 0, 0, 0});
    EXPECT_FALSE(std::isfinite(results[0].data[0]));
    EXPECT_EQ(results[1].data, (std::vector<double>{1, -2, 0.5}));
    EXPECT_EQ(results[2].data[0], 7);
    EXPECT_EQ(results[3].data, (std::vector<double>{0.5, 0, 0}));
  }
}

TEST(Step, OfTwoMicroBatchesUpdatesByTheirMeanGradient) {
  std::vector<double> w{1, -2, 0.5}, m{0.5, 0, 0}, t{1, 0, -1, 2, 3}, sum(3, 0), mean(3, 0);
  OwningOpRef<ModuleOp> module = parse(regression);
  Builder builder(&testContext());
  module->lookupSymbol("forward_train")->setAttr(accumulateAttr, builder.getI64IntegerAttr(2));
  runPasses(*module, nacre::grad::buildGradPipeline);
  Type f64 = builder.getF64Type();
  double norm = 0;
  for (int batch : {0, 1}) {
    std::vector<double> x;
    for (int i = 0; i < 15; ++i)
      x.push_back(std::sin(i + 1 + 20 * batch));
    // loss, n, gradient
    std::vector<Array> alone = run(*module, "train",
                                   {array({3}, w, f64), array({}, {7}, builder.getI32Type()),
                                    array({3}, {0, 0, 0}, f64), array({5, 3}, x, f64), array({5}, t, f64)});
    std::vector<Array> added = run(*module, "train",
                                   {array({3}, w, f64), array({}, {7}, builder.getI32Type()), array({3}, sum, f64),
                                    array({5, 3}, x, f64), array({5}, t, f64)});
    ASSERT_EQ(added.size(), 3u);
    EXPECT_EQ(added[1].data[0], 8);
    sum = added[2].data;
    std::vector<Array> whole = trainRegression(w, x, t);
    for (int k = 0; k < 3; ++k) {
      EXPECT_NEAR(alone[2].data[k], whole[4].data[k] / 2, 1e-12);
      mean[k] += whole[4].data[k] / 2;
    }
  }
  for (int k = 0; k < 3; ++k) {
    EXPECT_NEAR(sum[k], mean[k], 1e-12);
    norm += mean[k] * mean[k];
  }
  // w, m
  std::vector<Array> applied = run(*module, "apply", {array({3}, w, f64), array({3}, m, f64), array({3}, sum, f64)});
  ASSERT_EQ(applied.size(), 2u);
  for (int k = 0; k < 3; ++k) {
    double momentum = m[k] + mean[k] / std::sqrt(norm);
    EXPECT_NEAR(applied[1].data[k], momentum, 1e-12);
    EXPECT_NEAR(applied[0].data[k], w[k] - momentum, 1e-12);
  }
}

TEST(Step, HasLossAndGradientOfItsOwnForTheGradientCheck) {
  OwningOpRef<ModuleOp> module = parse(regression);
  auto check = cast<func::FuncOp>(module->lookupSymbol("forward_train")->clone());
  check.setName("forward_check");
  module->push_back(check);
  runPasses(*module, nacre::grad::buildGradPipeline);
  for (auto [name, results] : {std::pair("loss", 1u), {"gradient", 1u}, {"train", 5u}}) {
    auto function = module->lookupSymbol<func::FuncOp>(name);
    ASSERT_TRUE(function) << name;
    EXPECT_EQ(function.getNumResults(), results) << name;
  }
}

TEST(VerifyByExecution, SaysWhichResultDiffersAndWhere) {
  auto function = [](const char *op) {
    return parse(std::string("func.func @f(%x: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>) {\n%0 = graph.") + op +
                 " %x : tensor<2xf64>\nreturn %x, %0 : tensor<2xf64>, tensor<2xf64>\n}");
  };
  EXPECT_FALSE(nacre::differenceByExecution(*function("sin"), *function("sin")));
  std::optional<std::string> difference = nacre::differenceByExecution(*function("sin"), *function("cos"));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->substr(0, 22), "@f, result 1  : elemen");
}
} // namespace
