//===- BlockTest.cpp - Threads of a block, barriers and blocks ------------===//

#include "EmulatedKernel.h"

#include <gtest/gtest.h>

using namespace nacre;
using namespace nacre::test;

/// Reverses the elements of a block by way of shared memory.
static const std::string reverse = load("x", "arena", "tid") + store("x", "tile", "tid") + R"(
  nvvm.barrier
  %n = nvvm.read.ptx.sreg.ntid.x : i32
  %last = llvm.sub %n, %c1 : i32
  %other = llvm.sub %last, %tid : i32
)" + load("y", "tile", "other") + store("y", "arena", "tid");

TEST(Block, ABarrierOrdersAllThreads) {
  std::vector<float> all = run(reverse, {.threads = 256});
  for (int i = 0; i < 256; ++i)
    EXPECT_EQ(all[i], 255 - i);
}

TEST(Block, BothOrdersOfThreadsGiveTheSame) {
  EXPECT_EQ(run(reverse, {.threads = 96}), run(reverse, {.threads = 96, .order = runtime::LaneOrder::Backward}));
}

/// Sums 128 numbers in a tree.
static std::string sumInTree() {
  std::string body = load("x", "arena", "tid") + store("x", "tile", "tid");
  for (int half = 64; half; half /= 2) {
    std::string i = std::to_string(half);
    body += "nvvm.barrier\n%h" + i + " = llvm.mlir.constant(" + i + " : i32) : i32\n%go" + i +
            " = llvm.icmp \"ult\" %tid, %h" + i + " : i32\nllvm.cond_br %go" + i + ", ^add" + i + ", ^next" + i +
            "\n^add" + i + ":\n%far" + i + " = llvm.add %tid, %h" + i + " : i32\n" + load("a" + i, "tile", "tid") +
            load("b" + i, "tile", "far" + i) + "%s" + i + " = llvm.fadd %a" + i + ", %b" + i + " : f32\n" +
            store("s" + i, "tile", "tid") + "llvm.br ^next" + i + "\n^next" + i + ":\n";
  }
  return body + "nvvm.barrier\n" + load("y", "tile", "c0") + store("y", "arena", "tid");
}

TEST(Block, SumsInATree) {
  std::vector<float> all = run(sumInTree(), {.threads = 128});
  for (int i = 0; i < 128; ++i)
    EXPECT_EQ(all[i], 127 * 64);
}

TEST(Block, EachBlockHasItsNumberAndNewSharedMemory) {
  std::vector<float> all = run(R"(
    %n = nvvm.read.ptx.sreg.ntid.x : i32
    %first = llvm.mul %bid, %n : i32
    %i = llvm.add %first, %tid : i32
    %grid = nvvm.read.ptx.sreg.nctaid.x : i32
    %g = llvm.sitofp %grid : i32 to f32
    %b = llvm.sitofp %bid : i32 to f32
    %y = llvm.fadd %g, %b : f32
  )" + store("y", "arena", "i") + load("old", "tile", "i") +
                                   store("y", "tile", "i"),
                               {.threads = 16, .blocks = 4});
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(all[i], 4 + i / 16);
}

TEST(Block, ReadsItsArguments) {
  std::vector<float> all = run(R"(
    %a = llvm.getelementptr %args[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %offset = llvm.load %a : !llvm.ptr -> i64
    %p = llvm.getelementptr %arena[%offset] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, i8
    %y = llvm.mlir.constant(-1.0 : f32) : f32
    llvm.store %y, %p : f32, !llvm.ptr<1>
  )",
                               {.threads = 1, .args = {0, 40}});
  EXPECT_EQ(all[10], -1);
}

TEST(Block, MayHaveSharedMemoryOfTheLaunch) {
  std::string body = R"(
    %far = llvm.mlir.constant(1024 : i32) : i32
    %y = llvm.mlir.constant(2.0 : f32) : f32
  )" + store("y", "tile", "far");
  EXPECT_EQ(complaint(body, {.threads = 1, .sharedBytes = 16}), "");
  EXPECT_NE(complaint(body, {.threads = 1}), "");
}
