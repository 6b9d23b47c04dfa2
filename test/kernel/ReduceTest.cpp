//===- ReduceTest.cpp - Kernels of reductions against plain loops ---------===//

#include "KernelRunner.h"

#include <gtest/gtest.h>

using namespace nacre::test;

namespace {

std::string join(const std::vector<int64_t> &list, const char *separator) {
  std::string text;
  for (size_t i = 0; i < list.size(); ++i)
    text += (i ? separator : "") + std::to_string(list[i]);
  return text;
}

/// A reduction of one input in all ways at once: `sum`, `max`, `min`, `each`, `moments`.
std::string reduction(const std::vector<int64_t> &extents, const std::vector<int64_t> &axes, const char *layout,
                      const std::string &element) {
  std::string kept;
  for (size_t axis = 0; axis < extents.size(); ++axis)
    if (std::find(axes.begin(), axes.end(), int64_t(axis)) == axes.end())
      kept += std::to_string(extents[axis]) + "x";
  std::string input = "tensor<" + join(extents, "x") + "x" + element + layout + ">",
              result = "tensor<" + kept + element + ">";
  std::string indices, arguments;
  for (size_t axis = 0; axis < extents.size(); ++axis) {
    indices += (axis ? ", %i" : "%i") + std::to_string(axis);
    arguments += "%i" + std::to_string(axis) + ": index, ";
  }
  std::string results = result + ", " + result + ", " + result + ", " + input + ", " + result + ", " + result;
  std::string type = element;
  return "func.func @f(%x: " + input + ") -> (" + results + ") {\n  %r:6 = fused.reduce [" + join(extents, ", ") +
         "] over [" + join(axes, ", ") + "] by [0, 1, 2, 4, 3] (%x) : (" + input + ") -> (" + results + ") {\n  ^bb0(" +
         arguments + "%a: " + input + "):\n    %p = tensor.extract %a[" + indices + "] : " + input +
         "\n    %c = arith.constant 2.0 : " + type + "\n    %s = arith.addf %p, %c : " + type +
         "\n    fused.yield %p, %p, %s, %s, %s : " + type + ", " + type + ", " + type + ", " + type + ", " + type +
         "\n  }\n  return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5 : " + results + "\n}";
}

void expectAgreement(const std::vector<int64_t> &extents, const std::vector<int64_t> &axes, const char *layout = "") {
  SCOPED_TRACE("[" + join(extents, ", ") + "] over [" + join(axes, ", ") + "] " + layout);
  EXPECT_EQ(compareWithOracle(reduction(extents, axes, layout, "f32"), 2e-5), "");
  EXPECT_EQ(compareWithOracle(reduction(extents, axes, layout, "f32"), 2e-5, onGpu), "");
  EXPECT_EQ(compareWithOracle(reduction(extents, axes, layout, "f64"), 1e-12, {256, ""}), "");
}

constexpr const char *nhwc = ", #fused.layout<[0, 2, 3, 1]>";

} // namespace

TEST(Reduce, TakesStatisticsOfChannels) {
  expectAgreement({3, 32, 8, 8}, {2, 3}, nhwc);
  expectAgreement({3, 37, 8, 8}, {2, 3}, nhwc);
  expectAgreement({3, 5, 7, 9}, {0, 2, 3}, nhwc);
  expectAgreement({3, 32, 8, 8}, {0, 2, 3}, "");
}

TEST(Reduce, SumsTheInnermostAxis) {
  expectAgreement({5, 1000}, {1});
  expectAgreement({5, 3}, {1});
  expectAgreement({5, 77, 7}, {1, 2});
  expectAgreement({2, 3, 5000}, {0, 2});
}

TEST(Reduce, SumsEverything) {
  expectAgreement({70001}, {0});
  expectAgreement({3, 5, 7}, {0, 1, 2});
  expectAgreement({1}, {0});
}

TEST(Reduce, SumsPartialResults) {
  expectAgreement({8, 9216}, {0});
  expectAgreement({8, 1111}, {0});
  expectAgreement({8, 1}, {0});
}

TEST(Reduce, IsCutIntoStrips) {
  expectAgreement({3, 7}, {1});
  expectAgreement({3, 1023}, {1});
  expectAgreement({3, 1025}, {1});
  expectAgreement({2, 2053, 5}, {1});
  expectAgreement({2, 7, 32}, {1});
}

TEST(Reduce, KeepsWhatItDoesNotReduce) {
  expectAgreement({4, 6}, {});
  expectAgreement({4, 1, 6}, {1});
}
