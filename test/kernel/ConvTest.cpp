//===- ConvTest.cpp - Kernels of convolutions against plain loops ---------===//

#include "ConvNests.h"
#include "KernelRunner.h"

#include <gtest/gtest.h>
#include <random>

using namespace nacre::test;

namespace {

void expectAgreement(ConvCase c) {
  SCOPED_TRACE(c.describe());
  EXPECT_EQ(compareWithOracle(forwardNest(c), 2e-5), "");
  EXPECT_EQ(compareWithOracle(forwardNest(c), 2e-5, {256, ""}), "");
  EXPECT_EQ(compareWithOracle(weightGradientNest(c), 2e-5), "");
  EXPECT_EQ(compareWithOracle(weightGradientNest(c), 2e-5, {256, ""}), "");
  c.element = "f64";
  EXPECT_EQ(compareWithOracle(forwardNest(c), 1e-12), "");
  EXPECT_EQ(compareWithOracle(weightGradientNest(c), 1e-12), "");
}

/// An input gradient: there is no weight gradient of it.
void expectForwardAgreement(ConvCase c) {
  SCOPED_TRACE(c.describe());
  EXPECT_EQ(compareWithOracle(forwardNest(c), 2e-5), "");
  EXPECT_EQ(compareWithOracle(forwardNest(c), 2e-5, {256, ""}), "");
  c.element = "f64";
  EXPECT_EQ(compareWithOracle(forwardNest(c), 1e-12), "");
}

/// Any sizes, most of them odd; channels are at times whole vectors. The same seed gives the same case.
class RandomCase : public ConvCase {
public:
  explicit RandomCase(unsigned seed) : random(seed) {
    bool isGrouped = number(0, 1), isSpread = !isGrouped && number(0, 2) == 0;
    groups = isGrouped ? number(1, 40) : 1;
    c = groups * channels();
    k = groups * channels();
    n = number(1, 5);
    parts = number(1, 3);
    r = number(1, 5);
    s = number(1, 5);
    for (int axis : {0, 1}) {
      spread[axis] = isSpread ? number(1, 3) : 1;
      stride[axis] = isSpread ? 1 : number(1, 3);
      dilation[axis] = isSpread ? 1 : number(1, 2);
      low[axis] = number(0, (axis ? s : r) - 1);
      high[axis] = number(0, (axis ? s : r) - 1);
    }
    h = dilation[0] * (r - 1) + number(1, 6);
    w = dilation[1] * (s - 1) + number(1, 9);
    element = number(0, 1) ? "f32" : "f64";
    if (number(0, 4) == 0)
      layout = "";
    bits = number(0, 1) ? 256 : 0;
  }

  bool isInputGradient() const { return spread[0] * spread[1] > 1; }
  double tolerance() const { return element == "f32" ? 2e-5 : 1e-12; }
  unsigned bits;

private:
  int64_t number(int64_t low, int64_t high) { return low + int64_t(random() % uint64_t(high - low + 1)); }
  /// Of a group.
  int64_t channels() {
    if (groups > 1)
      return groups > 8 ? number(1, 4) : number(1, 20);
    return number(0, 1) ? 16 * number(1, 5) : number(1, 90);
  }

  std::mt19937 random;
};

} // namespace

TEST(Conv, OfAnySizes) {
  for (unsigned seed = 0; seed < 32; ++seed) {
    RandomCase c(seed);
    SCOPED_TRACE(c.describe() + " in " + std::to_string(c.groups) + " groups, seed " + std::to_string(seed));
    EXPECT_EQ(compareWithOracle(forwardNest(c), c.tolerance(), {c.bits, ""}), "");
    if (!c.isInputGradient())
      EXPECT_EQ(compareWithOracle(weightGradientNest(c), c.tolerance(), {c.bits, ""}), "");
  }
}

/// In blocks of threads, by multiply-adds and by tensor cores.
TEST(Conv, OfAnySizesOnGpu) {
  for (unsigned seed = 0; seed < 24; ++seed) {
    RandomCase c(seed);
    SCOPED_TRACE(c.describe() + " in " + std::to_string(c.groups) + " groups, seed " + std::to_string(seed));
    bool isRounded = seed % 2 && c.element == "f32";
    double tolerance = isRounded ? 5e-3 : c.tolerance();
    EXPECT_EQ(compareWithOracle(forwardNest(c), tolerance, isRounded ? onTensorCores : onGpu), "");
    if (!c.isInputGradient())
      EXPECT_EQ(compareWithOracle(weightGradientNest(c), tolerance, isRounded ? onTensorCores : onGpu), "");
  }
}

/// Operands that are copied to shared memory as they are, both or one, with whole panels and with rests.
TEST(Conv, OfCopiedOperandsOnGpu) {
  for (ConvCase c : {ConvCase{.n = 3, .c = 64, .k = 64, .h = 9, .w = 8},
                     ConvCase{.n = 2, .c = 24, .k = 136, .h = 7, .w = 9, .stride = {2, 1}, .dilation = {1, 2}},
                     ConvCase{.n = 5, .c = 80, .k = 32, .h = 5, .w = 5, .r = 1, .s = 1, .low = {0, 0}, .high = {0, 0}},
                     ConvCase{.n = 1, .c = 32, .k = 96, .h = 6, .w = 11, .groups = 2},
                     ConvCase{.n = 1, .c = 16, .k = 56, .h = 22, .w = 24, .r = 1, .s = 1}, // Tall tiles.
                     ConvCase{.n = 1, .c = 5, .k = 40, .h = 6, .w = 7}})
    for (bool isPlain : {true, false}) {
      c.isPlain = isPlain;
      SCOPED_TRACE(c.describe() + (isPlain ? " plain" : ""));
      auto compare = [&](double tolerance, const RunOptions &options) {
        EXPECT_EQ(compareWithOracle(forwardNest(c), tolerance, options), "");
        EXPECT_EQ(compareWithOracle(weightGradientNest(c), tolerance, options), "");
      };
      c.stored = "";
      compare(2e-5, onGpu);
      compare(5e-3, onTensorCores);
      c.stored = "bf16";
      compare(isPlain ? 2e-5 : 3e-2, inBf16);
      compare(isPlain ? 2e-5 : 3e-2, onWarpgroups);
      c.stored = "f16";
      compare(isPlain ? 2e-5 : 4e-3, inF16);
      compare(isPlain ? 2e-5 : 4e-3, f16OnWarpgroups);
    }
}

/// Operands that are not copied pass through registers, whatever their channels.
TEST(Conv, OfAnySizesOnWarpgroups) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    RandomCase c(seed);
    c.element = "f32";
    SCOPED_TRACE(c.describe() + " in " + std::to_string(c.groups) + " groups, seed " + std::to_string(seed));
    EXPECT_EQ(compareWithOracle(forwardNest(c), 3e-2, onWarpgroups), "");
    if (!c.isInputGradient())
      EXPECT_EQ(compareWithOracle(weightGradientNest(c), 3e-2, onWarpgroups), "");
  }
}

TEST(Conv, OfWholeVectors) { expectAgreement({.n = 3, .c = 32, .k = 32, .h = 12, .w = 12}); }

TEST(Conv, OfOddSizes) {
  expectAgreement({.n = 2, .c = 5, .k = 7, .h = 9, .w = 11});
  expectAgreement({.n = 3, .c = 17, .k = 19, .h = 7, .w = 5});
  expectAgreement({.n = 1, .c = 3, .k = 20, .h = 13, .w = 17});
  expectAgreement({.n = 1, .c = 3, .k = 77, .h = 5, .w = 6});
}

TEST(Conv, OfOneChannel) {
  expectAgreement({.n = 2, .c = 1, .k = 32, .h = 9, .w = 18});
  expectAgreement({.n = 2, .c = 32, .k = 1, .h = 9, .w = 18});
  expectAgreement({.n = 2, .c = 16, .k = 3, .h = 6, .w = 7});
  expectAgreement({.n = 2, .c = 1, .k = 1, .h = 6, .w = 7});
}

TEST(Conv, OfOneTap) {
  expectAgreement({.n = 2, .c = 24, .k = 40, .h = 6, .w = 6, .r = 1, .s = 1, .low = {0, 0}, .high = {0, 0}});
  expectAgreement({.n = 2, .c = 10, .k = 10, .h = 1, .w = 1, .r = 1, .s = 1, .low = {0, 0}, .high = {0, 0}});
}

TEST(Conv, OfOneTapWithStride) {
  expectAgreement(
      {.n = 2, .c = 24, .k = 40, .h = 7, .w = 6, .r = 1, .s = 1, .stride = {2, 3}, .low = {0, 0}, .high = {0, 0}});
  expectAgreement(
      {.n = 2, .c = 5, .k = 16, .h = 7, .w = 6, .r = 1, .s = 1, .stride = {2, 2}, .low = {1, 0}, .high = {1, 3}});
  expectAgreement(
      {.n = 2, .c = 1, .k = 16, .h = 9, .w = 67, .r = 1, .s = 3, .stride = {3, 2}, .low = {0, 1}, .high = {0, 1}});
  expectAgreement(
      {.n = 2, .c = 1, .k = 3, .h = 5, .w = 67, .r = 3, .s = 1, .stride = {1, 2}, .low = {1, 0}, .high = {1, 0}});
}

TEST(Conv, WithStrideAndDilation) {
  expectAgreement({.n = 2, .c = 8, .k = 16, .h = 11, .w = 12, .stride = {2, 2}});
  expectAgreement({.n = 2, .c = 8, .k = 16, .h = 11, .w = 12, .stride = {2, 3}, .low = {0, 2}, .high = {1, 0}});
  expectAgreement({.n = 2, .c = 6, .k = 16, .h = 14, .w = 12, .low = {2, 2}, .high = {2, 2}, .dilation = {2, 2}});
  expectAgreement({.n = 2, .c = 32, .k = 2, .h = 14, .w = 12, .low = {2, 2}, .high = {2, 2}, .dilation = {2, 2}});
}

TEST(Conv, OfSpreadImages) {
  expectForwardAgreement({.n = 2, .c = 8, .k = 16, .h = 5, .w = 6, .high = {2, 2}, .spread = {2, 2}});
  expectForwardAgreement({.n = 3, .c = 17, .k = 19, .h = 4, .w = 3, .high = {1, 2}, .spread = {2, 3}});
  expectForwardAgreement({.n = 2, .c = 16, .k = 3, .h = 6, .w = 7, .low = {0, 2}, .high = {0, 1}, .spread = {1, 2}});
  expectForwardAgreement({.n = 2, .c = 192, .k = 96, .h = 3, .w = 5, .high = {2, 1}, .spread = {2, 2}});
  expectForwardAgreement({.n = 11, .c = 128, .k = 128, .h = 2, .w = 2, .high = {2, 2}, .spread = {2, 2}});
}

TEST(Conv, OfSpreadImagesAndFewTaps) {
  expectForwardAgreement(
      {.n = 2, .c = 24, .k = 40, .h = 4, .w = 5, .r = 1, .s = 1, .low = {0, 0}, .high = {1, 1}, .spread = {2, 2}});
  expectForwardAgreement(
      {.n = 2, .c = 24, .k = 64, .h = 4, .w = 8, .r = 1, .s = 1, .low = {0, 0}, .high = {1, 1}, .spread = {2, 2}});
  expectForwardAgreement(
      {.n = 2, .c = 5, .k = 16, .h = 4, .w = 3, .r = 2, .s = 1, .low = {0, 2}, .high = {0, 3}, .spread = {3, 2}});
  expectForwardAgreement(
      {.n = 1, .c = 3, .k = 16, .h = 4, .w = 4, .r = 7, .s = 7, .low = {3, 3}, .high = {4, 4}, .spread = {2, 2}});
}

TEST(Conv, OfOtherWindows) {
  expectAgreement(
      {.n = 2, .c = 3, .k = 16, .h = 15, .w = 15, .r = 7, .s = 7, .stride = {2, 2}, .low = {3, 3}, .high = {3, 3}});
  expectAgreement({.n = 2, .c = 12, .k = 16, .h = 6, .w = 15, .r = 2, .s = 5, .low = {0, 2}, .high = {0, 2}});
}

TEST(Conv, InBandsOfRows) { expectAgreement({.n = 1, .c = 96, .k = 5, .h = 41, .w = 34, .r = 2, .s = 2}); }

TEST(Conv, InBandsOfOneRow) {
  expectAgreement({.n = 1, .c = 6000, .k = 1, .h = 7, .w = 6, .r = 1, .s = 1, .low = {0, 0}, .high = {0, 0}});
}

TEST(Conv, InPartsOfRows) {
  expectAgreement({.n = 2, .c = 272, .k = 64, .h = 3, .w = 24, .r = 1, .s = 1, .low = {0, 0}, .high = {0, 0}});
  expectAgreement({.n = 2,
                   .c = 544,
                   .k = 128,
                   .h = 3,
                   .w = 31,
                   .r = 1,
                   .s = 1,
                   .stride = {2, 2},
                   .low = {0, 0},
                   .high = {0, 0},
                   .groups = 2});
  expectAgreement({.n = 1, .c = 272, .k = 64, .h = 2, .w = 23, .r = 1, .s = 1, .low = {0, 1}, .high = {0, 0}});
}

/// A band has room for the whole image, which lies elsewhere in the next one.
TEST(Conv, InBandsAsTallAsTheImage) {
  expectAgreement({.n = 2, .c = 1100, .k = 3, .h = 4, .w = 4, .r = 5, .s = 5, .low = {2, 2}, .high = {2, 2}});
}

TEST(Conv, InBlocksOfChannels) {
  expectAgreement({.n = 2, .c = 192, .k = 96, .h = 3, .w = 5});
  // Tiles do not divide the image, and no pixel may be added up twice.
  expectAgreement({.n = 2, .c = 256, .k = 128, .h = 7, .w = 7});
  expectAgreement({.n = 3, .c = 256, .k = 128, .h = 5, .w = 5, .low = {4, 4}, .high = {4, 4}, .dilation = {2, 2}});
  expectAgreement({.n = 3, .c = 22, .k = 48, .h = 9, .w = 8, .parts = 1});
  expectAgreement(
      {.n = 5, .c = 257, .k = 272, .h = 2, .w = 3, .r = 1, .s = 1, .low = {0, 0}, .high = {0, 0}, .parts = 2});
}

TEST(Conv, OfSeveralSmallImages) {
  expectAgreement({.n = 11, .c = 128, .k = 128, .h = 2, .w = 2});
  expectAgreement({.n = 3, .c = 131, .k = 128, .h = 2, .w = 3});
}

TEST(Conv, OfFewerImagesThanArePutTogether) {
  expectAgreement({.n = 3, .c = 384, .k = 384, .h = 2, .w = 1, .r = 1, .s = 1, .low = {0, 0}, .high = {0, 0}});
}

TEST(Conv, OfSlicesOfTheOutputs) {
  expectAgreement({.n = 21, .c = 128, .k = 640, .h = 1, .w = 3});
  expectAgreement({.n = 3, .c = 160, .k = 1024, .h = 3, .w = 2, .r = 1, .s = 1, .low = {0, 0}, .high = {0, 0}});
}

TEST(Conv, InRowMajorLayout) { expectAgreement({.n = 2, .c = 8, .k = 16, .h = 11, .w = 18, .layout = ""}); }

TEST(Conv, ChannelByChannel) {
  expectAgreement({.n = 3, .c = 32, .k = 32, .h = 9, .w = 10, .groups = 32});
  expectAgreement(
      {.n = 2, .c = 37, .k = 37, .h = 5, .w = 7, .r = 5, .s = 5, .low = {2, 2}, .high = {2, 2}, .groups = 37});
  expectAgreement({.n = 2, .c = 20, .k = 20, .h = 11, .w = 12, .stride = {2, 2}, .groups = 20});
  expectAgreement({.n = 5, .c = 48, .k = 48, .h = 1, .w = 1, .groups = 48});
  expectAgreement(
      {.n = 1, .c = 3, .k = 3, .h = 4, .w = 14, .low = {2, 2}, .high = {2, 2}, .dilation = {2, 2}, .groups = 3});
}

TEST(Conv, WithMoreOutputsThanInputsOfAGroup) {
  expectAgreement({.n = 2, .c = 6, .k = 12, .h = 9, .w = 7, .groups = 6});
  expectAgreement({.n = 2, .c = 5, .k = 80, .h = 6, .w = 7, .groups = 5});
  expectAgreement({.n = 2, .c = 4, .k = 12, .h = 6, .w = 7, .groups = 4});
}

TEST(Conv, WithMoreInputsThanOutputsOfAGroup) {
  expectAgreement({.n = 2, .c = 12, .k = 6, .h = 9, .w = 7, .groups = 6});
  expectAgreement({.n = 2, .c = 80, .k = 5, .h = 6, .w = 7, .groups = 5});
  expectAgreement({.n = 2, .c = 64, .k = 4, .h = 6, .w = 7, .groups = 2});
}

TEST(Conv, InSmallGroups) {
  expectAgreement({.n = 2, .c = 32, .k = 32, .h = 9, .w = 8, .groups = 8});
  expectAgreement({.n = 2, .c = 24, .k = 24, .h = 7, .w = 5, .stride = {2, 1}, .groups = 3});
  expectAgreement(
      {.n = 2, .c = 21, .k = 14, .h = 7, .w = 5, .r = 1, .s = 3, .low = {0, 1}, .high = {0, 1}, .groups = 7});
  expectAgreement({.n = 2, .c = 15, .k = 15, .h = 7, .w = 5, .groups = 5});
}

TEST(Conv, InLargeGroups) {
  expectAgreement({.n = 2, .c = 64, .k = 64, .h = 9, .w = 8, .groups = 4});
  expectAgreement({.n = 2, .c = 34, .k = 46, .h = 7, .w = 5, .groups = 2});
  expectAgreement({.n = 3, .c = 32, .k = 96, .h = 8, .w = 8, .stride = {2, 2}, .groups = 2});
}

TEST(Conv, InLargeGroupsAndPanels) {
  expectAgreement({.n = 2, .c = 32, .k = 192, .h = 4, .w = 5, .groups = 2});
  expectAgreement({.n = 3,
                   .c = 64,
                   .k = 320,
                   .h = 4,
                   .w = 5,
                   .r = 1,
                   .s = 1,
                   .stride = {2, 2},
                   .low = {0, 0},
                   .high = {0, 0},
                   .parts = 1,
                   .groups = 2});
}

TEST(Conv, InGroupsOfRowMajorLayout) {
  expectAgreement({.n = 2, .c = 8, .k = 16, .h = 11, .w = 18, .layout = "", .groups = 4});
  expectAgreement({.n = 2, .c = 32, .k = 32, .h = 5, .w = 6, .layout = "", .groups = 2});
}

TEST(Conv, InGroupsAndBandsOfRows) {
  expectAgreement({.n = 1, .c = 96, .k = 96, .h = 41, .w = 34, .r = 2, .s = 2, .groups = 96});
  expectAgreement({.n = 1, .c = 96, .k = 32, .h = 41, .w = 34, .r = 2, .s = 2, .groups = 2});
}

TEST(Conv, CutByASchedule) {
  ConvCase tiles{.n = 3, .c = 12, .k = 32, .h = 5, .w = 7, .schedule = "vectors = 2, rows = 5"};
  EXPECT_EQ(compareWithOracle(forwardNest(tiles), 2e-5), "");
  ConvCase blocks{.n = 5, .c = 8, .k = 64, .h = 9, .w = 8, .schedule = "vectors = 1, rows = 7, block = 16"};
  EXPECT_EQ(compareWithOracle(weightGradientNest(blocks), 2e-5), "");
}
