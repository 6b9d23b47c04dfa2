//===- MovementGradientTest.cpp - Slopes of movement and reductions -------===//

#include "Harness.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

using namespace nacre::graph;
using llvm::formatv;

namespace {
constexpr int rounds = 6;

TEST(MovementGradient, BroadcastSums) {
  Random random(10);
  for (int round = 0; round < rounds; ++round) {
    int64_t a = random.integer(1, 4), b = random.integer(1, 5), c = random.integer(1, 3);
    expectGradients({{{a, c}}},
                    formatv("%y = graph.broadcast %a0 axes [0, 2] : {0} to {1}", typeOf({a, c}), typeOf({a, b, c})),
                    typeOf({a, b, c}), random);
  }
  expectGradients({{{}}}, "%y = graph.broadcast %a0 axes [] : tensor<f64> to tensor<3x2xf64>", "tensor<3x2xf64>",
                  random);
}

TEST(MovementGradient, ReshapeAndTransposeGoBack) {
  Random random(11);
  expectGradients({{{4, 6}}}, "%y = graph.reshape %a0 : tensor<4x6xf64> to tensor<3x8xf64>", "tensor<3x8xf64>", random);
  expectGradients({{{2, 3, 5}}}, "%y = graph.transpose %a0 by [2, 0, 1] : tensor<2x3x5xf64> to tensor<5x2x3xf64>",
                  "tensor<5x2x3xf64>", random);
}

TEST(MovementGradient, SliceAndPadUndoEachOther) {
  Random random(12);
  for (int round = 0; round < rounds; ++round) {
    int64_t n = random.integer(2, 9), start = random.integer(0, n - 1), limit = random.integer(start + 1, n);
    int64_t stride = random.integer(1, 3), count = (limit - start + stride - 1) / stride;
    expectGradients({{{n, 2}}},
                    formatv("%y = graph.slice %a0 from {0} to {1} by {2} : {3} to {4}", list({start, 0}),
                            list({limit, 2}), list({stride, 1}), typeOf({n, 2}), typeOf({count, 2})),
                    typeOf({count, 2}), random);
    int64_t low = random.integer(-1, 3), high = random.integer(0, 2) - (n > 2), interior = random.integer(0, 2);
    int64_t size = low + high + (n - 1) * (interior + 1) + 1;
    if (size > 0)
      expectGradients({{{n}}},
                      formatv("%y = graph.pad %a0 low [{0}] high [{1}] interior [{2}] : {3} to {4}", low, high,
                              interior, typeOf({n}), typeOf({size})),
                      typeOf({size}), random);
  }
}

TEST(MovementGradient, ConcatHandsOutSlices) {
  Random random(13);
  expectGradients({{{2, 3}}, {{2, 1}}, {{2, 4}}},
                  "%y = graph.concat %a0, %a1, %a2 along 1 : tensor<2x3xf64>, tensor<2x1xf64>, tensor<2x4xf64> to "
                  "tensor<2x8xf64>",
                  "tensor<2x8xf64>", random);
}

TEST(MovementGradient, TakeAndScatterAddUndoEachOther) {
  Random random(14);
  std::string index = "%i = graph.constant dense<[3, 0, 3, 9, -2]> : tensor<5xi32>\n";
  expectGradients({{{2, 4}}},
                  index + "%y = graph.take %a0[%i] along 1 : tensor<2x4xf64>, tensor<5xi32> to tensor<2x5xf64>",
                  "tensor<2x5xf64>", random);
  expectGradients({{{5, 3}}},
                  index + "%y = graph.scatter_add %a0[%i] along 0 : tensor<5x3xf64>, tensor<5xi32> to tensor<4x3xf64>",
                  "tensor<4x3xf64>", random);
}

TEST(MovementGradient, ReductionsOverAnyAxes) {
  Random random(15);
  for (const char *kind : {"sum", "max", "min"})
    for (std::vector<int64_t> axes : {std::vector<int64_t>{1}, {0, 2}, {0, 1, 2}}) {
      std::vector<int64_t> shape{3, 5, 2}, kept;
      for (int64_t axis = 0; axis < 3; ++axis)
        if (!llvm::is_contained(axes, axis))
          kept.push_back(shape[axis]);
      expectGradients(
          {{shape}},
          formatv("%y = graph.reduce {0} %a0 over {1} : {2} to {3}", kind, list(axes), typeOf(shape), typeOf(kept)),
          typeOf(kept), random);
    }
}

TEST(MovementGradient, ExtremaAreSharedEvenlyAmongTies) {
  auto module = parse(R"(
    func.func @forward_train(%x: tensor<4xf64> {nacre.role = "param", nacre.name = "x"})
        -> (tensor<f64> {nacre.role = "loss"}) {
      %0 = graph.reduce max %x over [0] : tensor<4xf64> to tensor<f64>
      return %0 : tensor<f64>
    })");
  expectGradientsAt(*module, {{2, 1, 2, 0}}, {0.5, 0, 0.5, 0});
}
} // namespace
