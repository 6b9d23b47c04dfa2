//===- SharedTest.cpp - Kernels that nests of many shapes share -----------===//

#include "KernelRunner.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

using namespace nacre::test;

namespace {

using Shape = std::vector<int64_t>;

std::string tensor(const Shape &shape) {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + "f32>";
}

std::string number(int64_t value) { return std::to_string(value); }

/// a * x[n, h + offset, c + offset] + s[c], for all [n, h, c].
std::string slice(const std::string &name, const Shape &shape, int64_t offset, double a) {
  int64_t n = shape[0], h = shape[1], c = shape[2];
  std::string x = tensor({n, h + 2 * offset, c + 2 * offset}), s = tensor({c}), y = tensor(shape);
  return "func.func @" + name + "(%x: " + x + ", %s: " + s + ") -> " + y + " {\n  %y = fused.map [" + number(n) + ", " +
         number(h) + ", " + number(c) + "] (%x, %s) : (" + x + ", " + s + ") -> " + y +
         " {\n  ^bb0(%n: index, %h: index, %c: index, %a: " + x + ", %b: " + s + "):\n    %o = arith.constant " +
         number(offset) +
         " : index\n    %i = arith.addi %h, %o : index\n    %j = arith.addi %c, %o : index\n"
         "    %v = tensor.extract %a[%n, %i, %j] : " +
         x + "\n    %q = tensor.extract %b[%c] : " + s + "\n    %k = arith.constant " + std::to_string(a) +
         " : f32\n    %m = arith.mulf %v, %k : f32\n    %r = arith.addf %m, %q : f32\n    fused.yield %r : f32\n  }\n"
         "  return %y : " +
         y + "\n}\n";
}

/// The sum over [r, t] of x[n, h * stride + r - 1, c] * w[r, c, t], with zeros outside, for all [n, h, c]. The channels
/// lie side by side in x, and t in w.
std::string window(const std::string &name, const Shape &shape, int64_t taps, int64_t stride) {
  int64_t n = shape[0], h = shape[1], c = shape[2], size = std::max<int64_t>(1, h * stride - 1);
  std::string x = tensor({n, size, c}), w = tensor({taps, c, 2}), y = tensor(shape);
  return "func.func @" + name + "(%x: " + x + ", %w: " + w + ") -> " + y + " {\n  %y = fused.reduce [" + number(n) +
         ", " + number(h) + ", " + number(c) + ", " + number(taps) + ", 2] over [3, 4] by [0] (%x, %w) : (" + x + ", " +
         w + ") -> " + y + " {\n  ^bb0(%n: index, %h: index, %c: index, %r: index, %t: index, %a: " + x + ", %b: " + w +
         "):\n    %k = arith.constant " + number(stride) +
         " : index\n    %m = arith.muli %h, %k : index\n    %u = arith.addi %m, %r : index\n"
         "    %low = arith.constant -1 : index\n    %i = arith.addi %u, %low : index\n    %size = arith.constant " +
         number(size) +
         " : index\n    %in = arith.cmpi ult, %i, %size : index\n    %zero = arith.constant 0 : index\n"
         "    %d = arith.maxsi %i, %zero : index\n    %last = arith.constant " +
         number(size - 1) +
         " : index\n    %e = arith.minsi %d, %last : index\n    %v = tensor.extract %a[%n, %e, %c] : " + x +
         "\n    %q = tensor.extract %b[%r, %c, %t] : " + w +
         "\n    %p = arith.mulf %v, %q : f32\n    %none = arith.constant 0.0 : f32\n"
         "    %z = arith.select %in, %p, %none : f32\n    fused.yield %z : f32\n  }\n  return %y : " +
         y + "\n}\n";
}

size_t kernelsOf(const std::string &text) {
  KernelRunner runner(text, {256, ""});
  std::set<std::string> names;
  for (const KernelRunner::Launch &launch : runner.launches())
    names.insert(launch.kernel);
  return names.size();
}

void expectAgreement(const std::string &text) {
  EXPECT_EQ(compareWithOracle(text, 1e-5), "");
  EXPECT_EQ(compareWithOracle(text, 1e-5, {256, "x86-64-v3"}), "");
  EXPECT_EQ(compareWithOracle(text, 1e-5, onGpu), "");
}

Shape randomShape(std::mt19937 &random) {
  auto any = [&](std::vector<int64_t> list) { return list[random() % list.size()]; };
  return {any({1, 2, 3, 5}), any({1, 2, 3, 4, 7, 8, 13, 31}),
          any({1, 2, 3, 5, 7, 8, 12, 16, 17, 24, 31, 32, 37, 40, 48, 64, 67, 96, 128, 131, 257})};
}

} // namespace

TEST(Shared, ServesAllMultiplesOfAPairOfVectors) {
  EXPECT_EQ(kernelsOf(slice("a", {2, 3, 16}, 1, 0.3) + slice("b", {5, 7, 48}, 2, 0.7) + slice("c", {1, 4, 1040}, 3, 5)),
            1u);
  EXPECT_EQ(kernelsOf(window("a", {2, 3, 16}, 3, 2) + window("b", {5, 7, 48}, 5, 3) + window("c", {1, 4, 160}, 7, 4)),
            1u);
}

TEST(Shared, ServesAllLengthsWithARest) {
  EXPECT_EQ(kernelsOf(slice("a", {2, 3, 9}, 1, 0.3) + slice("b", {5, 7, 37}, 2, 0.7) + slice("c", {4, 4, 3}, 3, 5)),
            1u);
  EXPECT_EQ(kernelsOf(window("a", {2, 3, 9}, 3, 2) + window("b", {5, 7, 37}, 5, 3)), 1u);
}

TEST(Shared, TellsLengthsApartThatNeedOtherCode) {
  EXPECT_EQ(kernelsOf(slice("a", {2, 3, 16}, 1, 0.3) + slice("b", {2, 3, 17}, 1, 0.3)), 2u);
  EXPECT_EQ(kernelsOf(window("a", {2, 3, 16}, 3, 2) + window("b", {2, 3, 24}, 3, 2) + window("c", {2, 3, 25}, 3, 2)),
            3u);
}

TEST(Shared, ComputesWhatItShallForAllShapes) {
  std::mt19937 random(1);
  std::string text;
  for (int i = 0; i < 40; ++i) {
    Shape shape = randomShape(random);
    text += slice("s" + number(i), shape, 1 + i % 3, 0.25 * i + 0.1);
    text += window("w" + number(i), shape, 1 + i % 5, 1 + i % 3);
  }
  expectAgreement(text);
}
