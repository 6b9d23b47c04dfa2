//===- NormGradientTest.cpp - Norms after the laws have been applied ------===//
//
// Normalisation over any axes, as the stdlib writes it, through the whole
// pipeline: the gradients still agree with differences of the loss, and no more
// full-size sums are left than the mathematics needs.
//
//===----------------------------------------------------------------------===//

#include "Grad/Passes.h"
#include "Graph/Term.h"
#include "Harness.h"
#include "llvm/Support/FormatVariadic.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace mlir;
using namespace nacre::graph;
using llvm::formatv;

namespace {
using Sizes = std::vector<int64_t>;

struct Norm {
  Sizes shape, axes; ///< normalised over
  Sizes affine;      ///< axes of weight and bias
  int expectedSums;  ///< over tensors of full size, after the pipeline, but the loss's
};

Sizes sizesAt(const Sizes &shape, const Sizes &axes) {
  Sizes sizes;
  for (int64_t axis : axes)
    sizes.push_back(shape[axis]);
  return sizes;
}

/// sum(c * sin(weight * (p * x - mean) * rsqrt(var + eps) + bias)), with p, weight and bias as parameters.
std::string program(const Norm &norm) {
  auto kept = otherAxes(norm.shape.size(), norm.axes);
  Sizes keptAxes(kept.begin(), kept.end());
  std::string full = typeOf(norm.shape), small = typeOf(sizesAt(norm.shape, keptAxes)),
              affine = typeOf(sizesAt(norm.shape, norm.affine));
  double count = 1;
  for (int64_t axis : norm.axes)
    count *= norm.shape[axis];
  Sizes all(norm.shape.size());
  std::iota(all.begin(), all.end(), 0);
  return formatv(R"(
func.func @forward_train(%p: {0} {{nacre.role = "param", nacre.name = "p"},
                         %weight: {2} {{nacre.role = "param", nacre.name = "weight"},
                         %bias: {2} {{nacre.role = "param", nacre.name = "bias"},
                         %c: {0} {{nacre.role = "field", nacre.name = "c"})
    -> (tensor<f64> {{nacre.role = "loss"}) {{
  %s = graph.reduce sum %p over {3} : {0} to {1}
  %n = graph.constant dense<{4}> : {1}
  %mean = graph.div %s, %n : {1}
  %bm = graph.broadcast %mean axes {5} : {1} to {0}
  %d = graph.sub %p, %bm : {0}
  %q = graph.mul %d, %d : {0}
  %sq = graph.reduce sum %q over {3} : {0} to {1}
  %var = graph.div %sq, %n : {1}
  %eps = graph.constant dense<0.01> : {1}
  %ve = graph.add %var, %eps : {1}
  %r = graph.rsqrt %ve : {1}
  %br = graph.broadcast %r axes {5} : {1} to {0}
  %z = graph.mul %d, %br : {0}
  %bw = graph.broadcast %weight axes {6} : {2} to {0}
  %zw = graph.mul %z, %bw : {0}
  %bb = graph.broadcast %bias axes {6} : {2} to {0}
  %y = graph.add %zw, %bb : {0}
  %sy = graph.sin %y : {0}
  %cy = graph.mul %c, %sy : {0}
  %loss = graph.reduce sum %cy over {7} : {0} to tensor<f64>
  return %loss : tensor<f64>
}
)",
                 full, small, affine, list(norm.axes), formatv("{0:f1}", count).str(), list(keptAxes),
                 list(norm.affine), list(all));
}

const Norm batchNorm{{4, 3, 2, 5}, {0, 2, 3}, {1}, 2};
/// Two sums within a row, two for weight and bias over the rows.
const Norm layerNorm{{6, 7}, {1}, {1}, 4};
/// Large ones need two: `split-reductions` makes the bias's sum of those within samples.
const Norm instanceNorm{{3, 2, 3, 4}, {2, 3}, {1}, 3};

int64_t fullSizeSums(ModuleOp module, size_t rank) {
  int64_t sums = 0;
  module.walk([&](ReduceOp op) {
    bool isLoss = cast<RankedTensorType>(op.getType()).getRank() == 0;
    sums += !isLoss && size_t(cast<RankedTensorType>(op.getX().getType()).getRank()) == rank;
  });
  return sums;
}

/// The gradients of the program after the pipeline, by differences of the program before it.
void expectGradientsSurvive(const Norm &norm) {
  Random random(30);
  OwningOpRef<ModuleOp> before = parse(program(norm)), after = parse(program(norm));
  after->lookupSymbol<func::FuncOp>("forward_train").setName("forward_check");
  runPasses(*after, nacre::grad::buildGradPipeline);
  auto gradient = after->lookupSymbol<func::FuncOp>("gradient");
  ASSERT_TRUE(gradient);
  std::vector<Array> arguments;
  for (Type type : gradient.getArgumentTypes())
    arguments.push_back(generate(cast<RankedTensorType>(type), [&](Index) { return random.real(-1, 1); }));
  std::vector<Array> gradients = run(*after, "gradient", arguments);
  ASSERT_EQ(gradients.size(), 3u);
  for (size_t parameter = 0; parameter < 3; ++parameter)
    for (size_t i = 0; i < gradients[parameter].data.size(); ++i) {
      double &value = arguments[parameter].data[i], old = value, step = 1e-5, loss[2];
      for (int side : {0, 1}) {
        value = old + (side ? step : -step);
        loss[side] = run(*before, "forward_train", arguments)[0].data[0];
      }
      value = old;
      ASSERT_NEAR(gradients[parameter].data[i], (loss[1] - loss[0]) / (2 * step), 1e-7) << parameter << ", " << i;
    }
  EXPECT_EQ(fullSizeSums(*after, norm.shape.size()), norm.expectedSums);
}

TEST(NormGradient, BatchNormNeedsTwoSums) { expectGradientsSurvive(batchNorm); }
TEST(NormGradient, LayerNormNeedsTwoSumsARowAndTwoAColumn) { expectGradientsSurvive(layerNorm); }
TEST(NormGradient, InstanceNormSharesItsPartialSums) { expectGradientsSurvive(instanceNorm); }
} // namespace
