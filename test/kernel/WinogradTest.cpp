//===- WinogradTest.cpp - Convolutions by Winograd's method ---------------===//

#include "ConvNests.h"
#include "Fused/WinogradMatrices.h"
#include "KernelRunner.h"

#include <gtest/gtest.h>

using namespace nacre::fused;
using namespace nacre::test;

namespace {

std::vector<double> times(const Matrix &matrix, const std::vector<double> &vector) {
  std::vector<double> result;
  for (const auto &row : matrix) {
    result.push_back(0);
    for (size_t i = 0; i < vector.size(); ++i)
      result.back() += row[i] * vector[i];
  }
  return result;
}

std::vector<double> pointwise(std::vector<double> a, const std::vector<double> &b) {
  for (size_t i = 0; i < a.size(); ++i)
    a[i] *= b[i];
  return a;
}

void expectAgreement(ConvCase c) {
  for (int64_t tile : {2, 4}) {
    c.winograd = tile;
    for (unsigned bits : {0, 256}) {
      c.element = bits ? "f32" : "f64";
      SCOPED_TRACE(c.describe() + ", vectors of " + std::to_string(bits));
      double tolerance = bits ? 1e-4 : 1e-12;
      EXPECT_EQ(compareWithOracle(forwardNest(c), tolerance, {bits, ""}), "");
      EXPECT_EQ(compareWithOracle(weightGradientNest(c), tolerance, {bits, ""}), "");
    }
  }
}

} // namespace

TEST(Winograd, MatricesFilter) {
  for (int64_t m : {2, 4}) {
    WinogradMatrices matrices = winogradMatrices(m, 3);
    std::vector<double> filter = {0.3, -1.7, 0.9}, inputs, gradient;
    for (int64_t i = 0; i < m + 2; ++i)
      inputs.push_back(0.37 * double(i * i % 7) - 0.8);
    for (int64_t i = 0; i < m; ++i)
      gradient.push_back(1.1 - 0.6 * double(i));
    std::vector<double> domain = times(matrices.input, inputs);
    std::vector<double> outputs = times(matrices.output, pointwise(times(matrices.weight, filter), domain));
    for (int64_t i = 0; i < m; ++i)
      EXPECT_NEAR(outputs[i], filter[0] * inputs[i] + filter[1] * inputs[i + 1] + filter[2] * inputs[i + 2], 1e-14);
    std::vector<double> ofFilter =
        times(transposed(matrices.weight), pointwise(times(transposed(matrices.output), gradient), domain));
    for (int64_t tap = 0; tap < 3; ++tap) {
      double sum = 0;
      for (int64_t i = 0; i < m; ++i)
        sum += gradient[i] * inputs[i + tap];
      EXPECT_NEAR(ofFilter[tap], sum, 1e-14);
    }
  }
}

TEST(Winograd, OfWholeTiles) { expectAgreement({.n = 3, .c = 32, .k = 32, .h = 8, .w = 12}); }

TEST(Winograd, OfOddSizes) {
  expectAgreement({.n = 2, .c = 16, .k = 48, .h = 9, .w = 11});
  expectAgreement({.n = 3, .c = 48, .k = 16, .h = 7, .w = 5, .low = {0, 2}, .high = {2, 1}});
  expectAgreement({.n = 1, .c = 16, .k = 16, .h = 1, .w = 2});
  expectAgreement({.n = 1, .c = 16, .k = 16, .h = 5, .w = 17, .low = {-1, 0}, .high = {0, -1}});
}

TEST(Winograd, InBands) { expectAgreement({.n = 1, .c = 16, .k = 16, .h = 30, .w = 22}); }

TEST(Winograd, OfSmallImages) {
  expectAgreement({.n = 11, .c = 16, .k = 32, .h = 4, .w = 4, .parts = 3});
  expectAgreement({.n = 17, .c = 16, .k = 64, .h = 3, .w = 3, .parts = 1});
}

TEST(Winograd, OfLargeWeights) {
  expectAgreement({.n = 3, .c = 192, .k = 96, .h = 3, .w = 5, .parts = 1});
  expectAgreement({.n = 9, .c = 144, .k = 48, .h = 2, .w = 2, .parts = 1});
}

TEST(Winograd, WithActivationAndRowMajor) {
  expectAgreement({.n = 2, .c = 16, .k = 16, .h = 11, .w = 18, .layout = ""});
  expectAgreement({.n = 2, .c = 32, .k = 32, .h = 8, .w = 8, .hasActivation = true});
}

TEST(Winograd, ReadInPlace) {
  expectAgreement({.n = 3, .c = 32, .k = 48, .h = 8, .w = 12, .isPlain = true});
  expectAgreement({.n = 11, .c = 16, .k = 32, .h = 4, .w = 4, .parts = 3, .isPlain = true});
  expectAgreement({.n = 2, .c = 32, .k = 64, .h = 8, .w = 4, .groups = 2, .isPlain = true});
  expectAgreement({.n = 2, .c = 16, .k = 16, .h = 8, .w = 8, .layout = "", .isPlain = true});
}

TEST(Winograd, InGroups) {
  expectAgreement({.n = 3, .c = 64, .k = 64, .h = 9, .w = 7, .groups = 2});
  expectAgreement({.n = 2, .c = 48, .k = 96, .h = 5, .w = 6, .groups = 3});
  expectAgreement({.n = 3, .c = 256, .k = 128, .h = 4, .w = 4, .parts = 1, .groups = 2});
}

TEST(Winograd, OfTransformedWeights) {
  for (int64_t tile : {2, 4})
    for (unsigned bits : {0, 256}) {
      std::string element = bits ? "f32" : "f64";
      for (ConvCase c :
           {ConvCase{.n = 2, .c = 16, .k = 32, .h = 5, .w = 4}, {.c = 32, .k = 96, .h = 3, .w = 6, .groups = 2}}) {
        c.element = element;
        c.winograd = tile;
        c.isTransformed = true;
        SCOPED_TRACE(c.describe());
        EXPECT_EQ(compareWithOracle(forwardNest(c), bits ? 1e-4 : 1e-12, {bits, ""}), "");
      }
    }
}

TEST(Winograd, CutByASchedule) {
  expectAgreement({.n = 3, .c = 16, .k = 48, .h = 9, .w = 11, .schedule = "vectors = 1, rows = 7, block = 8"});
  expectAgreement({.n = 11, .c = 16, .k = 32, .h = 4, .w = 4, .parts = 3, .schedule = "block = 64"});
}
