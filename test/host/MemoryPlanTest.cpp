//===- MemoryPlanTest.cpp - The memory plan holds what it promises --------===//

#include "Host/MemoryPlan.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace nacre::host;

namespace {

/// Whether buffer `b` was allowed to lie over `a`, through a chain of in-place steps.
bool sharesPlace(const std::vector<Lifetime> &buffers, size_t a, size_t b) {
  return a == b || std::any_of(buffers[b].over.begin(), buffers[b].over.end(),
                               [&](size_t other) { return sharesPlace(buffers, a, other); });
}

/// Every promise of a plan; the message says which one is broken.
void expectSound(const std::vector<Lifetime> &buffers, const MemoryPlan &plan) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  for (size_t b = 0; b < buffers.size(); ++b) {
    EXPECT_EQ(plan.offsets[b] % bufferAlignment, 0) << "buffer " << b;
    EXPECT_GE(plan.offsets[b], 0) << "buffer " << b;
    EXPECT_LE(plan.offsets[b] + buffers[b].bytes, plan.bytes) << "buffer " << b;
    for (size_t a = 0; a < b; ++a) {
      bool together = buffers[a].first <= buffers[b].last && buffers[b].first <= buffers[a].last;
      bool apart = plan.offsets[a] + buffers[a].bytes <= plan.offsets[b] ||
                   plan.offsets[b] + buffers[b].bytes <= plan.offsets[a];
      bool inPlace = sharesPlace(buffers, a, b) && plan.offsets[a] == plan.offsets[b];
      EXPECT_TRUE(!together || apart || inPlace) << "buffers " << a << " and " << b << " overlap";
    }
  }
  EXPECT_GE(plan.bytes, plan.bound);
}

std::vector<Lifetime> randomBuffers(std::mt19937 &random, size_t count, int64_t steps) {
  std::vector<Lifetime> buffers;
  for (size_t i = 0; i < count; ++i) {
    int64_t first = random() % steps;
    int64_t last = std::min<int64_t>(steps - 1, first + random() % 12);
    Lifetime buffer{int64_t(random() % 5000), first, last, {}};
    // Some may take over earlier buffers that die where they begin, and have the size of one.
    for (size_t j = 0; j < i; ++j)
      if (buffers[j].last == first && random() % 2) {
        buffer.bytes = buffers[j].bytes;
        buffer.over.push_back(j);
      }
    buffers.push_back(buffer);
  }
  return buffers;
}

} // namespace

TEST(MemoryPlan, OfNothingIsEmpty) {
  MemoryPlan plan = planMemory({});
  EXPECT_EQ(plan.bytes, 0);
  EXPECT_EQ(plan.bound, 0);
}

TEST(MemoryPlan, ReusesThePlaceOfADeadBuffer) {
  std::vector<Lifetime> buffers = {{128, 0, 1, {}}, {128, 1, 2, {}}, {128, 2, 3, {}}};
  MemoryPlan plan = planMemory(buffers);
  expectSound(buffers, plan);
  EXPECT_EQ(plan.bytes, 256);
  EXPECT_EQ(plan.offsets[0], plan.offsets[2]);
}

TEST(MemoryPlan, PutsASmallBufferIntoTheSmallestGap) {
  std::vector<Lifetime> buffers = {{1024, 0, 9, {}}, {640, 0, 4, {}}, {512, 0, 9, {}}, {64, 5, 9, {}}};
  MemoryPlan plan = planMemory(buffers);
  expectSound(buffers, plan);
  EXPECT_EQ(plan.bytes, plan.bound);
}

TEST(MemoryPlan, WritesInPlaceWhereAllowed) {
  std::vector<Lifetime> buffers = {{256, 0, 1, {}}, {256, 1, 2, {0}}, {256, 2, 3, {1}}};
  MemoryPlan plan = planMemory(buffers);
  EXPECT_EQ(plan.bytes, 256);
  EXPECT_EQ(plan.offsets, (std::vector<int64_t>{0, 0, 0}));
}

TEST(MemoryPlan, KeepsApartWhatIsReadAfterTheStep) {
  std::vector<Lifetime> buffers = {{256, 0, 2, {}}, {256, 1, 2, {0}}};
  MemoryPlan plan = planMemory(buffers);
  EXPECT_NE(plan.offsets[0], plan.offsets[1]);
}

TEST(MemoryPlan, LetsOnlyOneTakeAPlace) {
  std::vector<Lifetime> buffers = {{256, 0, 1, {}}, {256, 1, 1, {0}}, {256, 1, 2, {0}}};
  MemoryPlan plan = planMemory(buffers);
  EXPECT_NE(plan.offsets[1], plan.offsets[2]);
}

TEST(MemoryPlan, TakesThePlaceThatIsLeft) {
  std::vector<Lifetime> buffers = {{256, 0, 1, {}}, {256, 0, 1, {}}, {256, 1, 2, {0, 1}}, {256, 1, 2, {0, 1}}};
  MemoryPlan plan = planMemory(buffers);
  expectSound(buffers, plan);
  EXPECT_EQ(plan.bytes, 512);
}

TEST(MemoryPlan, GivesAnEmptyBufferAPlace) {
  std::vector<Lifetime> buffers = {{0, 0, 1, {}}, {4, 0, 1, {}}};
  expectSound(buffers, planMemory(buffers));
}

TEST(MemoryPlan, IsSoundAndTightOnRandomLifetimes) {
  std::mt19937 random(7);
  double worst = 1;
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> buffers = randomBuffers(random, 1 + random() % 80, 1 + random() % 60);
    MemoryPlan plan = planMemory(buffers);
    expectSound(buffers, plan);
    if (plan.bound > 0)
      worst = std::max(worst, double(plan.bytes) / double(plan.bound));
  }
  EXPECT_LT(worst, 1.35);
}

TEST(MemoryPlan, IsTheSameForTheSameInput) {
  std::mt19937 random(3);
  std::vector<Lifetime> buffers = randomBuffers(random, 300, 100);
  EXPECT_EQ(planMemory(buffers).offsets, planMemory(buffers).offsets);
}

/// A network's forward and backward pass: what layer i saves dies when the backward pass comes by.
TEST(MemoryPlan, OfABackwardPassMeetsTheBound) {
  std::vector<Lifetime> buffers;
  int64_t layers = 40;
  for (int64_t i = 0; i < layers; ++i) {
    int64_t bytes = 65536 >> (i / 10);
    buffers.push_back({bytes, i, 2 * layers - i, {}});
    buffers.push_back({bytes, 2 * layers - i, 2 * layers - i + 1, {}});
  }
  MemoryPlan plan = planMemory(buffers);
  expectSound(buffers, plan);
  EXPECT_LE(plan.bytes, plan.bound * 1.02);
}
