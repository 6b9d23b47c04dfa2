//===- ContractionGradientTest.cpp - Slopes of dot, conv and windows ------===//

#include "Harness.h"
#include "llvm/Support/FormatVariadic.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace nacre::graph;
using llvm::formatv;

namespace {
using Sizes = std::vector<int64_t>;

Sizes operator+(const Sizes &a, const Sizes &b) {
  Sizes sum(a);
  sum.insert(sum.end(), b.begin(), b.end());
  return sum;
}

TEST(ContractionGradient, DotOverAxesInAnyOrder) {
  Random random(20);
  expectGradients({{{4, 6}}, {{6, 3}}},
                  "%y = graph.dot %a0, %a1 batch [], [] contract [1], [0] : tensor<4x6xf64>, tensor<6x3xf64> to "
                  "tensor<4x3xf64>",
                  "tensor<4x3xf64>", random);
  expectGradients({{{3, 2, 4, 5}}, {{5, 7, 3, 4}}},
                  "%y = graph.dot %a0, %a1 batch [0], [2] contract [2, 3], [3, 0] : tensor<3x2x4x5xf64>, "
                  "tensor<5x7x3x4xf64> to tensor<3x2x7xf64>",
                  "tensor<3x2x7xf64>", random);
  expectGradients({{{2, 3, 1}}, {{3, 2}}},
                  "%y = graph.dot %a0, %a1 batch [1, 0], [0, 1] contract [], [] : tensor<2x3x1xf64>, "
                  "tensor<3x2xf64> to tensor<3x2x1xf64>",
                  "tensor<3x2x1xf64>", random);
}

/// A convolution drawn at random: rank, groups, strides, paddings, dilations.
struct RandomConv {
  explicit RandomConv(Random &random) {
    int64_t rank = random.integer(1, 2), groups = random.integer(1, 3);
    int64_t in = groups * random.integer(1, 2), out = groups * random.integer(1, 2), batch = random.integer(1, 2);
    Sizes space, kernel, stride, low, high, dilation, result;
    for (int64_t axis = 0; axis < rank; ++axis) {
      kernel.push_back(random.integer(1, 3));
      stride.push_back(random.integer(1, 3));
      dilation.push_back(random.integer(1, 2));
      low.push_back(random.integer(0, 2));
      high.push_back(random.integer(0, 2));
      int64_t extent = dilation.back() * (kernel.back() - 1) + 1;
      space.push_back(extent + random.integer(0, 4));
      result.push_back((space.back() + low.back() + high.back() - extent) / stride.back() + 1);
    }
    x = Sizes{batch, in} + space;
    w = Sizes{out, in / groups} + kernel;
    y = Sizes{batch, out} + result;
    attributes = formatv("stride {0} low {1} high {2} dilation {3} groups {4}", list(stride), list(low), list(high),
                         list(dilation), groups);
  }
  Sizes x, w, y;
  std::string attributes;
};

void expectConvGradients(const char *op, Sizes RandomConv::*a, Sizes RandomConv::*b, Sizes RandomConv::*result,
                         unsigned seed) {
  Random random(seed);
  for (int round = 0; round < 8; ++round) {
    RandomConv conv(random);
    expectGradients({{conv.*a}, {conv.*b}},
                    formatv("%y = graph.{0} %a0, %a1 {1} : {2}, {3} to {4}", op, conv.attributes, typeOf(conv.*a),
                            typeOf(conv.*b), typeOf(conv.*result)),
                    typeOf(conv.*result), random);
  }
}

TEST(ContractionGradient, Convolution) {
  expectConvGradients("conv", &RandomConv::x, &RandomConv::w, &RandomConv::y, 21);
}
TEST(ContractionGradient, ConvolutionInItsInput) {
  expectConvGradients("conv_dx", &RandomConv::y, &RandomConv::w, &RandomConv::x, 22);
}
TEST(ContractionGradient, ConvolutionInItsWeight) {
  expectConvGradients("conv_dw", &RandomConv::x, &RandomConv::y, &RandomConv::w, 23);
}

struct RandomWindow {
  explicit RandomWindow(Random &random, int64_t mostPadding) {
    int64_t rank = random.integer(1, 2);
    Sizes kernel = random.integers(rank, 1, 3), stride = random.integers(rank, 1, 3), low, high;
    x = {random.integer(1, 2), random.integer(1, 3)};
    y = x;
    for (int64_t axis = 0; axis < rank; ++axis) {
      low.push_back(random.integer(0, std::min(mostPadding, kernel[axis] - 1)));
      high.push_back(random.integer(0, std::min(mostPadding, kernel[axis] - 1)));
      x.push_back(kernel[axis] + random.integer(0, 4));
      y.push_back((x.back() + low.back() + high.back() - kernel[axis]) / stride[axis] + 1);
    }
    attributes = formatv("kernel {0} stride {1} low {2} high {3}", list(kernel), list(stride), list(low), list(high));
  }
  Sizes x, y;
  std::string attributes;
};

TEST(ContractionGradient, WindowSum) {
  Random random(24);
  for (int round = 0; round < 10; ++round) {
    RandomWindow window(random, 2);
    expectGradients(
        {{window.x}},
        formatv("%y = graph.window_sum %a0 {0} : {1} to {2}", window.attributes, typeOf(window.x), typeOf(window.y)),
        typeOf(window.y), random);
  }
}

TEST(ContractionGradient, WindowMaxAndItsAdjoint) {
  Random random(25);
  for (int round = 0; round < 8; ++round) {
    RandomWindow window(random, 1);
    std::string maximum = formatv("%m, %t = graph.window_max %a0 {0} : {1} to {2}, {3}\n", window.attributes,
                                  typeOf(window.x), typeOf(window.y), typeOf(window.y, "i32"));
    expectGradients({{window.x}},
                    maximum + "%zero = graph.constant dense<0.0> : " + typeOf(window.y) +
                        "\n%y = graph.add %m, %zero : " + typeOf(window.y),
                    typeOf(window.y), random);
    // The taps come from an operand that is no parameter's: window_max_dx is linear in the other.
    expectGradients({{window.y}, {window.x}},
                    formatv("%s = graph.stop_gradient %a1 : {1}\n%m, %t = graph.window_max %s {0} : {1} to {2}, {3}\n"
                            "%y = graph.window_max_dx %a0, %t {0} : {2}, {3} to {1}",
                            window.attributes, typeOf(window.x), typeOf(window.y), typeOf(window.y, "i32")),
                    typeOf(window.x), random);
  }
}
} // namespace
