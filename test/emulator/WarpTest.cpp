//===- WarpTest.cpp - What the lanes of a warp do together ----------------===//

#include "EmulatedKernel.h"

#include <gtest/gtest.h>

using namespace nacre;
using namespace nacre::test;

/// The numbers that 32 lanes have after `lines`, which make %y of %x, the number of the lane.
static std::vector<float> onLanes(const std::string &lines) {
  std::vector<float> all = run(load("x", "arena", "tid") + lines + store("y", "arena", "tid"), {});
  return {all.begin(), all.begin() + 32};
}

template <typename Value> static std::vector<float> sequence(const Value &value) {
  std::vector<float> all;
  for (int i = 0; i < 32; ++i)
    all.push_back(value(i));
  return all;
}

static std::vector<float> shuffled(const std::string &kind, int offset, int clamp) {
  return onLanes("%offset = llvm.mlir.constant(" + std::to_string(offset) + " : i32) : i32\n" +
                 "%clamp = llvm.mlir.constant(" + std::to_string(clamp) + " : i32) : i32\n" + "%y = nvvm.shfl.sync " +
                 kind + " %all, %x, %offset, %clamp : f32 -> f32\n");
}

TEST(Warp, ButterflySwapsLanes) {
  EXPECT_EQ(shuffled("bfly", 7, 31), sequence([](int i) { return i ^ 7; }));
}

TEST(Warp, ShufflesBeyondTheEndGiveTheOwnValue) {
  EXPECT_EQ(shuffled("down", 7, 31), sequence([](int i) { return i + 7 < 32 ? i + 7 : i; }));
  EXPECT_EQ(shuffled("up", 7, 0), sequence([](int i) { return i >= 7 ? i - 7 : i; }));
}

TEST(Warp, IndexGivesEachLaneTheSame) {
  EXPECT_EQ(shuffled("idx", 5, 31), sequence([](int) { return 5; }));
}

TEST(Warp, ShufflesStayInTheirSegments) {
  // Segments of 8 lanes: the mask of the clamp is 32 - 8.
  EXPECT_EQ(shuffled("down", 3, 24 << 8 | 31), sequence([](int i) { return i % 8 < 5 ? i + 3 : i; }));
  EXPECT_EQ(shuffled("idx", 3, 24 << 8 | 31), sequence([](int i) { return i / 8 * 8 + 3; }));
}

TEST(Warp, AShuffleTellsWhetherItsSourceIsValid) {
  EXPECT_EQ(onLanes(R"(
    %pair = nvvm.shfl.sync down %all, %x, %c16, %c31 {return_value_and_is_valid} : f32 -> !llvm.struct<(f32, i1)>
    %valid = llvm.extractvalue %pair[1] : !llvm.struct<(f32, i1)>
    %y = llvm.uitofp %valid : i1 to f32
  )"),
            sequence([](int i) { return i < 16; }));
}

/// How many of the first 16 lanes are odd, or whether a vote is for it.
static std::vector<float> voted(const std::string &kind, const std::string &type) {
  return onLanes(R"(
    %bit = llvm.and %tid, %c1 : i32
    %odd = llvm.icmp "eq" %bit, %c1 : i32
    %v = nvvm.vote.sync )" +
                 kind + " %all, %odd -> " + type + "\n%y = llvm.uitofp %v : " + type + " to f32\n");
}

TEST(Warp, Votes) {
  EXPECT_EQ(voted("any", "i1"), sequence([](int) { return 1; }));
  EXPECT_EQ(voted("all", "i1"), sequence([](int) { return 0; }));
  EXPECT_EQ(voted("uni", "i1"), sequence([](int) { return 0; }));
  EXPECT_EQ(voted("ballot", "i32"), sequence([](int) { return float(0xAAAAAAAAu); }));
}

TEST(Warp, ReducesIntegers) {
  EXPECT_EQ(onLanes(R"(
    %v = nvvm.redux.sync add %tid, %all : i32 -> i32
    %y = llvm.sitofp %v : i32 to f32
  )"),
            sequence([](int) { return 31 * 16; }));
}

/// Each lane writes, and reads what its neighbour wrote.
static std::string exchange(const std::string &between) {
  return load("x", "arena", "tid") + store("x", "tile", "tid") + between + "%other = llvm.xor %tid, %c1 : i32\n" +
         load("y", "tile", "other") + store("y", "arena", "tid");
}

TEST(Warp, ABarrierOfTheWarpOrdersItsLanes) {
  std::vector<float> all = run(exchange("nvvm.bar.warp.sync %all : i32\n"), {.threads = 64});
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(all[i], i ^ 1);
}

TEST(Warp, AShuffleOrdersNoMemory) {
  std::string found = complaint(exchange("%z = nvvm.shfl.sync bfly %all, %x, %c1, %c31 : f32 -> f32\n"), {});
  EXPECT_NE(found.find("of shared memory, which thread"), std::string::npos) << found;
}

TEST(Warp, LanesThatReadTogetherMaySynchroniseAndWrite) {
  std::string body = store("one", "tile", "tid") + "nvvm.bar.warp.sync %all : i32\n" + load("y", "tile", "c0") +
                     "nvvm.bar.warp.sync %all : i32\n" + store("y", "tile", "tid") + store("y", "arena", "tid");
  EXPECT_EQ(complaint("%one = llvm.mlir.constant(1.0 : f32) : f32\n" + body, {}), "");
}
