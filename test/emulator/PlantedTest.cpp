//===- PlantedTest.cpp - Bugs of kernels, each told by name ---------------===//

#include "EmulatedKernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nacre;
using namespace nacre::test;
using testing::AllOf;
using testing::HasSubstr;

/// Neighbours exchange numbers by way of shared memory.
static std::string exchange(const std::string &barrier) {
  return load("x", "arena", "tid") + store("x", "tile", "tid") + barrier + "%other = llvm.xor %tid, %c1 : i32\n" +
         load("y", "tile", "other") + store("y", "arena", "tid");
}

TEST(Planted, ARemovedBarrier) {
  EXPECT_EQ(complaint(exchange("nvvm.barrier\n"), {.threads = 64}), "");
  EXPECT_THAT(complaint(exchange(""), {.threads = 64}),
              HasSubstr("net.nacre:3:5: kernel k (net.layer), block 0, thread 1: llvm.store 1 at k.mlir:17:1 writes "
                        "byte 4 of shared memory, which thread 0 has read with nothing that orders the two"));
}

TEST(Planted, ABarrierRemovedBeforeMemoryIsUsedAgain) {
  std::string again = exchange("nvvm.barrier\n") + store("x", "tile", "tid");
  EXPECT_THAT(complaint(again, {.threads = 64}),
              HasSubstr("reads byte 0 of shared memory, which thread 0 has written"));
}

TEST(Planted, OneElementBeyondABuffer) {
  std::string body = "%i = llvm.add %tid, %c1 : i32\n" + load("x", "arena", "i");
  EXPECT_EQ(complaint(body, {.buffers = {{0, 132}}}), "");
  EXPECT_THAT(
      complaint(body, {.buffers = {{0, 128}, {192, 64}}}),
      AllOf(HasSubstr("thread 31"), HasSubstr("reads 4 bytes at byte 128 of the arena, outside of the buffers")));
  EXPECT_THAT(complaint(body, {.floats = 32}), HasSubstr("outside of all memory, at byte 128 of the arena"));
}

TEST(Planted, BeyondSharedMemory) {
  EXPECT_THAT(complaint("%n = llvm.mlir.constant(1024 : i32) : i32\n" + load("x", "tile", "n"), {.threads = 1}),
              HasSubstr("reads 4 bytes at byte 4096 of shared memory, of which the block has 4096"));
}

TEST(Planted, TwoBlocksWriteTheSame) {
  std::string body = "%c = llvm.mlir.constant(0.0 : f32) : f32\n" + store("c", "arena", "tid");
  EXPECT_THAT(complaint(body, {.blocks = 2}),
              AllOf(HasSubstr("block 1"), HasSubstr("writes byte 0 of the arena, which block 0 has written")));
}

TEST(Planted, ABlockReadsWhatAnotherWrites) {
  std::string body = load("x", "arena", "c0") + store("x", "arena", "bid");
  EXPECT_THAT(complaint(body, {.threads = 1, .blocks = 3}), HasSubstr("block 0 has written"));
}

TEST(Planted, AVectorThatIsNotAligned) {
  EXPECT_THAT(complaint(R"(
    %p = llvm.getelementptr %arena[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    %x = llvm.load %p : !llvm.ptr<1> -> vector<4xf32>
  )",
                        {}),
              HasSubstr("reads 16 bytes at an address that is no multiple of 16"));
}

/// Threads below 16 go to ^some, the others to ^rest.
static const std::string split = R"(
  %few = llvm.icmp "ult" %tid, %c16 : i32
  llvm.cond_br %few, ^some, ^rest
)";

TEST(Planted, ALaneMissingInAShuffle) {
  EXPECT_THAT(complaint(load("x", "arena", "tid") + split + R"(
    ^some:
      %y = nvvm.shfl.sync bfly %all, %x, %c1, %c31 : f32 -> f32
      llvm.br ^rest
    ^rest:
  )",
                        {}),
              AllOf(HasSubstr("nvvm.shfl.sync"), HasSubstr("waits for lanes 0xffff0000 of warp 0 for ever"),
                    HasSubstr("thread 16 has ended")));
}

TEST(Planted, LanesOfAWarpAtDifferentShuffles) {
  EXPECT_THAT(complaint(load("x", "arena", "tid") + split + R"(
    ^some:
      %y = nvvm.shfl.sync bfly %all, %x, %c1, %c31 : f32 -> f32
      llvm.br ^end
    ^rest:
      %z = nvvm.shfl.sync bfly %all, %x, %c1, %c31 : f32 -> f32
      llvm.br ^end
    ^end:
  )",
                        {}),
              HasSubstr("the lanes of a warp must do the same"));
}

TEST(Planted, ABarrierInDivergentCode) {
  EXPECT_THAT(complaint(split + R"(
    ^some:
      nvvm.barrier
      llvm.br ^rest
    ^rest:
  )",
                        {}),
              AllOf(HasSubstr("nvvm.barrier"), HasSubstr("waits for all threads for ever: thread 16 has ended")));
  EXPECT_THAT(complaint(split + R"(
    ^some:
      nvvm.barrier
      llvm.br ^end
    ^rest:
      nvvm.barrier
      llvm.br ^end
    ^end:
  )",
                        {}),
              HasSubstr("barriers must not be in divergent code"));
}
