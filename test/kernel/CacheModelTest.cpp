//===- CacheModelTest.cpp - What is counted of a cache --------------------===//

#include "FusedToKernel/Cpu/CacheModel.h"
#include "FusedToKernel/Cpu/Footprint.h"

#include "llvm/ADT/ArrayRef.h"

#include <gtest/gtest.h>

#include <set>

using namespace nacre::kernel;

namespace {

constexpr int64_t size = 64 * 1024;

TEST(CacheModel, MissesEachLineOnceWhereAllFit) {
  CacheModel cache(size);
  EXPECT_EQ(cache.touch(0, size), size / 64);
  EXPECT_EQ(cache.touch(0, size), 0);
}

TEST(CacheModel, MissesEveryLineOfALoopOverMoreThanFits) {
  CacheModel cache(size);
  cache.touch(0, 2 * size);
  EXPECT_EQ(cache.touch(0, 2 * size), 2 * size / 64);
}

TEST(CacheModel, KeepsWhatIsUsedAgain) {
  CacheModel cache(size);
  cache.touch(0, 64);
  for (int64_t place = size; place < 9 * size; place += size / 2) {
    cache.touch(place, size / 2);
    EXPECT_EQ(cache.touch(0, 64), 0);
  }
}

TEST(CacheModel, CountsLinesThatArePartlyTouched) {
  CacheModel cache(size);
  EXPECT_EQ(cache.touch(60, 8), 2);
  EXPECT_EQ(cache.touch(0, 4), 0);
}

std::set<int64_t> bytesOf(llvm::ArrayRef<Footprint> footprints) {
  std::set<int64_t> bytes;
  for (const Footprint &footprint : footprints)
    footprint.forEach([&](int64_t place) {
      for (int64_t byte = 0; byte < footprint.length; ++byte)
        bytes.insert(place + byte);
    });
  return bytes;
}

TEST(Footprint, LoopsOverNeighboursBecomeLength) {
  Footprint matrix{1024, 4, {{64, 8}, {0, 5}, {4, 16}}};
  matrix.simplify();
  EXPECT_EQ(matrix.address, 1024);
  EXPECT_EQ(matrix.length, 512);
  EXPECT_TRUE(matrix.loops.empty());
}

TEST(Footprint, StartsAtTheLowestAddressOfALoopDownwards) {
  Footprint reversed{100, 4, {{-4, 10}}};
  reversed.simplify();
  EXPECT_EQ(reversed.address, 64);
  EXPECT_EQ(reversed.length, 40);
}

TEST(Footprint, IsTheSameBytesWhenMerged) {
  llvm::SmallVector<Footprint> footprints = {{0, 32, {{256, 4}}},   {32, 32, {{256, 4}}}, {64, 32, {{128, 3}, {8, 2}}},
                                             {4000, 8, {{-16, 6}}}, {0, 32, {{256, 4}}},  {64, 192, {{256, 4}}}};
  std::set<int64_t> before = bytesOf(footprints);
  mergeNeighbours(footprints);
  EXPECT_EQ(bytesOf(footprints), before);
  EXPECT_LT(footprints.size(), 6u);
}

} // namespace
