//===- CopyTest.cpp - Asynchronous copies, and what can be wrong with them ===//

#include "EmulatedKernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nacre;
using namespace nacre::test;
using testing::AllOf;
using testing::HasSubstr;

/// Each thread copies 4 bytes at element `index`.
static std::string copy(const std::string &index, const std::string &size = "") {
  std::string from = "%from_" + index, to = "%to_" + index;
  return from + " = llvm.getelementptr %arena[%" + index + "] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32\n" + to +
         " = llvm.getelementptr %tile[%" + index + "] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32\n" +
         "nvvm.cp.async.shared.global " + to + ", " + from + ", 4, cache = ca" + (size.empty() ? "" : ", %" + size) +
         " : !llvm.ptr<3>, !llvm.ptr<1>" + (size.empty() ? "" : ", i32") + "\n";
}

static const std::string commit = "nvvm.cp.async.commit.group\n", barrier = "nvvm.barrier\n";

static std::string wait(int groups) { return "nvvm.cp.async.wait.group " + std::to_string(groups) + "\n"; }

/// Stores what the neighbour has copied.
static const std::string takeOther =
    "%other = llvm.xor %tid, %c1 : i32\n" + load("y", "tile", "other") + store("y", "arena", "tid");
/// Takes what thread 32 has copied, in thread 33 and those behind.
static const std::string takeFar =
    "%far = llvm.mlir.constant(32 : i32) : i32\n%behind = llvm.icmp \"ugt\" %tid, %far : i32\n"
    "llvm.cond_br %behind, ^take, ^end\n^take:\n" +
    load("y", "tile", "far") + "llvm.br ^end\n^end:\n";
static const std::string takeOwn = load("y", "tile", "tid") + store("y", "arena", "tid");

TEST(Copy, IsVisibleAfterWaitAndBarrier) {
  std::vector<float> all = run(copy("tid") + commit + wait(0) + barrier + takeOther, {.threads = 64});
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(all[i], i ^ 1);
}

TEST(Copy, FillsWithZeros) {
  std::vector<float> all = run(copy("tid", "c0") + commit + wait(0) + takeOwn, {.threads = 64});
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(all[i], 0);
}

TEST(Copy, UnwaitedIsToldByItsReader) {
  EXPECT_THAT(complaint(copy("tid") + commit + barrier + takeOther, {}),
              AllOf(HasSubstr("llvm.load"), HasSubstr("nvvm.cp.async.shared.global"),
                    HasSubstr("of thread 1 still copies: no wait for it has ended")));
  EXPECT_THAT(complaint(copy("tid") + commit + takeOwn, {}), HasSubstr("of thread 0 still copies"));
}

TEST(Copy, UncommittedIsNotWaitedFor) {
  EXPECT_THAT(complaint(copy("tid") + wait(0) + takeOwn, {}), HasSubstr("still copies"));
}

TEST(Copy, WaitedWithoutABarrierIsARace) {
  EXPECT_THAT(complaint(copy("tid") + commit + wait(0) + takeOther, {}),
              AllOf(HasSubstr("nvvm.cp.async.shared.global"), HasSubstr("which thread 0 has read with nothing")));
  EXPECT_THAT(complaint(copy("tid") + commit + wait(0) + takeFar, {.threads = 64}),
              HasSubstr("which thread 32 has written with nothing that orders the two"));
}

/// Two groups, of which the first is read while the second is under way.
static std::string pipeline(int groups) {
  return "%next = llvm.add %tid, %c64 : i32\n" + copy("tid") + commit + copy("next") + commit + wait(groups) + barrier +
         takeOther;
}

static const std::string c64 = "%c64 = llvm.mlir.constant(64 : i32) : i32\n";

TEST(Copy, TheLatestGroupsMayGoOn) {
  EXPECT_EQ(complaint(c64 + pipeline(1), {.threads = 64}), "");
  EXPECT_THAT(complaint(c64 + pipeline(2), {.threads = 64}), HasSubstr("still copies"));
}

TEST(Copy, AStageThatIsStillReadMustNotBeOverwritten) {
  std::string first = copy("tid") + commit + wait(0) + barrier + takeOther;
  std::string refill = R"(
    %again = llvm.getelementptr %tile[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    nvvm.cp.async.shared.global %again, %from_tid, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
  )";
  EXPECT_EQ(complaint(first + barrier + refill, {}), "");
  EXPECT_THAT(complaint(first + refill, {}), HasSubstr("nvvm.cp.async.shared.global"));
}

TEST(Copy, ItsSourceMustStay) {
  EXPECT_THAT(complaint(copy("tid") + commit + "%y = llvm.mlir.constant(-1.0 : f32) : f32\n" +
                            store("y", "arena", "tid") + wait(0),
                        {}),
              HasSubstr("which has been written meanwhile"));
}

TEST(Copy, NeedsAlignedAddresses) {
  EXPECT_THAT(complaint(R"(
    %from = llvm.getelementptr %arena[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    nvvm.cp.async.shared.global %tile, %from, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
  )",
                        {.threads = 1}),
              HasSubstr("no multiple of 16"));
}
