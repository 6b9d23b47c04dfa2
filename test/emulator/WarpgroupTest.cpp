//===- WarpgroupTest.cpp - Products of warpgroups, and what can be wrong ===//

#include "EmulatedKernel.h"
#include "runtime/emulator/Descriptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nacre;
using namespace nacre::test;
using runtime::emulator::MatrixPlace;
using testing::AllOf;
using testing::HasSubstr;

//===----------------------------------------------------------------------===//
// Descriptors
//===----------------------------------------------------------------------===//

static MatrixPlace place(uint64_t address, uint64_t blocks, uint64_t rows, uint64_t mode, bool hasLinesTogether) {
  return {address >> 4 | blocks >> 4 << 16 | rows >> 4 << 32 | mode << 62, hasLinesTogether};
}

TEST(Descriptor, OfTermsSideBySide) {
  MatrixPlace whole = place(2048, 0, 1024, 1, false), part = place(2048 + 32, 0, 1024, 1, false);
  EXPECT_EQ(whole.byteOf(0, 5, 2), 2048 + 10);
  // The second chunk of row 3 is where the third one would be: 1 XOR 3.
  EXPECT_EQ(whole.byteOf(3, 8, 2), 2048 + 3 * 128 + 2 * 16);
  EXPECT_EQ(whole.byteOf(11, 8, 2), 2048 + 1024 + 3 * 128 + 2 * 16);
  // From the third chunk on: 2 XOR 3.
  EXPECT_EQ(part.byteOf(3, 0, 2), 2048 + 3 * 128 + 1 * 16);
  EXPECT_EQ(place(0, 0, 512, 2, false).byteOf(6, 4, 4), 6 * 64 + 2 * 16);
}

TEST(Descriptor, OfLinesSideBySide) {
  MatrixPlace matrix = place(4096, 8192, 1024, 1, true);
  EXPECT_EQ(matrix.byteOf(9, 0, 2), 4096 + 18);
  EXPECT_EQ(matrix.byteOf(9, 2, 2), 4096 + 2 * 128 + 3 * 16 + 2);
  EXPECT_EQ(matrix.byteOf(64, 0, 2), 4096 + 8192);
  EXPECT_EQ(matrix.byteOf(70, 15, 2), 4096 + 8192 + 1024 + 7 * 128 + 7 * 16 + 12);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Words of two numbers: A has 64 rows of 32 bytes, and B behind it 8. Chunks are exchanged in every other four rows.
static const std::string prepare = R"(
  %zero = llvm.mlir.constant(0.0 : f32) : f32
  %c3 = llvm.mlir.constant(3 : i32) : i32
  %c4 = llvm.mlir.constant(4 : i32) : i32
  %c8 = llvm.mlir.constant(8 : i32) : i32
  %c64 = llvm.mlir.constant(64 : i32) : i32
  %c128 = llvm.mlir.constant(128 : i32) : i32
  %next = llvm.add %tid, %c128 : i32
  %third = llvm.add %next, %c128 : i32
  %fourth = llvm.add %third, %c128 : i32
  %fifth = llvm.add %fourth, %c128 : i32
)" + store("zero", "tile", "tid") + store("zero", "tile", "next") +
                                   store("zero", "tile", "third") + store("zero", "tile", "fourth") +
                                   store("zero", "tile", "fifth") + R"(
  nvvm.barrier
  %descriptor_bits = llvm.mlir.constant(-4611685949707911168 : i64) : i64
  %address = llvm.ptrtoint %tile : !llvm.ptr<3> to i64
  %low = llvm.mlir.constant(262143 : i64) : i64
  %four = llvm.mlir.constant(4 : i64) : i64
  %ofB = llvm.mlir.constant(128 : i64) : i64
  %bits = llvm.and %address, %low : i64
  %units = llvm.lshr %bits, %four : i64
  %a = llvm.or %units, %descriptor_bits : i64
  %b = llvm.add %a, %ofB : i64
)";

/// The first term of row t of A is t, and that of column t of B, in thread 64 + t, is t + 1.
static const std::string fill = R"(
  %isB = llvm.icmp "uge" %tid, %c64 : i32
  %ofThread = llvm.sub %tid, %c64 : i32
  %fromOne = llvm.add %ofThread, %c1 : i32
  %integer = llvm.select %isB, %fromOne, %tid : i1, i32
  %number = llvm.uitofp %integer : i32 to f32
  %whole = llvm.bitcast %number : f32 to i32
  %half = llvm.lshr %whole, %c16 : i32
  %word = llvm.bitcast %half : i32 to f32
  %exchanged = llvm.and %tid, %c4 : i32
  %row = llvm.mul %tid, %c8 : i32
  %to = llvm.add %row, %exchanged : i32
  %last = llvm.mlir.constant(72 : i32) : i32
  %isRow = llvm.icmp "ult" %tid, %last : i32
  llvm.cond_br %isRow, ^row, ^filled
  ^row:
)" + store("word", "tile", "to") +
                                "llvm.br ^filled\n^filled:\n";

static const std::string proxy = "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = "
                                 "#nvvm.shared_space<cta>}\n",
                         barrier = "nvvm.barrier\n", fence = "nvvm.wgmma.fence.aligned\n",
                         commit = "nvvm.wgmma.commit.group.sync.aligned\n";

static std::string wait(int groups) { return "nvvm.wgmma.wait.group.sync.aligned " + std::to_string(groups) + "\n"; }

/// The registers `sums` with the product added, as `result`.
static std::string multiply(const std::string &sums, const std::string &result, const std::string &b = "b") {
  std::string type = "!llvm.struct<(f32, f32, f32, f32)>";
  return "%" + result + " = nvvm.wgmma.mma_async %a, %" + b + ", %" + sums +
         ", #nvvm.shape<m = 64, n = 8, k = 16>, D [<f32>, <one>], A [<bf16>, <one>, <row>], "
         "B [<bf16>, <one>, <col>] : " +
         type + " -> " + type + "\n";
}

static const std::string none = "%none = llvm.mlir.zero : !llvm.struct<(f32, f32, f32, f32)>\n";

/// Register `i` of the result of thread t goes to element 128 i + t.
static std::string take(bool redeems = true) {
  const char *places[] = {"tid", "next", "third", "fourth"};
  std::string text;
  for (int i = 0; i < 4; ++i) {
    std::string number = std::to_string(i);
    text += "%raw" + number + " = llvm.extractvalue %sums[" + number + "] : !llvm.struct<(f32, f32, f32, f32)>\n";
    if (redeems)
      text +=
          "%sum" + number + " = llvm.inline_asm has_side_effects \"\", \"=f,0\" %raw" + number + " : (f32) -> f32\n";
    text += store((redeems ? "sum" : "raw") + number, "arena", places[i]);
  }
  return text;
}

static const Setup group{.threads = 128, .floats = 512};

static float expected(int thread, int number) {
  int row = thread / 32 * 16 + thread % 32 / 4 + number / 2 * 8, column = thread % 4 * 2 + number % 2;
  return row * (column + 1);
}

TEST(Warpgroup, AddsProducts) {
  std::vector<float> all = run(prepare + fill + proxy + barrier + none + fence + multiply("none", "once") +
                                   multiply("once", "sums") + commit + wait(0) + take(),
                               group);
  for (int thread = 0; thread < 128; ++thread)
    for (int number = 0; number < 4; ++number)
      EXPECT_EQ(all[number * 128 + thread], 2 * expected(thread, number)) << thread << " " << number;
}

TEST(Warpgroup, ResultsComeAfterTheWait) {
  std::string begun = prepare + fill + proxy + barrier + none + fence + multiply("none", "sums");
  EXPECT_EQ(complaint(begun + commit + wait(0) + take(), group), "");
  EXPECT_THAT(complaint(begun + commit + take(), group),
              AllOf(HasSubstr("llvm.inline_asm"), HasSubstr("nvvm.wgmma.mma_async"),
                    HasSubstr("still adds to: no wait for it has ended")));
  EXPECT_THAT(complaint(begun + wait(0) + take(), group), HasSubstr("no wait for it has ended"));
  EXPECT_THAT(complaint(begun + commit + wait(1) + take(), group), HasSubstr("no wait for it has ended"));
  std::vector<float> raw = run(begun + commit + wait(0) + take(/*redeems=*/false), group);
  EXPECT_TRUE(std::isnan(raw[1]));
}

TEST(Warpgroup, RegistersNeedAFence) {
  EXPECT_THAT(complaint(prepare + fill + proxy + barrier + none + multiply("none", "sums"), group),
              HasSubstr("adds to registers with no wgmma.fence behind what was in them"));
}

TEST(Warpgroup, WhatThreadsHaveWrittenNeedsAFence) {
  EXPECT_THAT(complaint(prepare + fill + barrier + none + fence + multiply("none", "sums"), group),
              AllOf(HasSubstr("nvvm.wgmma.mma_async"), HasSubstr("with no fence.proxy.async behind it")));
  EXPECT_THAT(complaint(prepare + proxy + fill + barrier + none + fence + multiply("none", "sums"), group),
              HasSubstr("with no fence.proxy.async behind it"));
}

TEST(Warpgroup, WhatOthersHaveWrittenNeedsABarrier) {
  EXPECT_THAT(complaint(prepare + fill + proxy + none + fence + multiply("none", "sums"), group),
              AllOf(HasSubstr("nvvm.wgmma.mma_async"), HasSubstr("with nothing that orders the two")));
}

TEST(Warpgroup, CopiesMustHaveBeenWaitedFor) {
  std::string copy = "nvvm.cp.async.shared.global %tile, %arena, 16, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>\n"
                     "nvvm.cp.async.commit.group\n";
  std::string one = "%first = llvm.icmp \"eq\" %tid, %c0 : i32\nllvm.cond_br %first, ^copy, ^copied\n^copy:\n" + copy +
                    "llvm.br ^copied\n^copied:\n";
  std::string rest = barrier + none + fence + multiply("none", "sums") + commit + wait(0);
  EXPECT_THAT(complaint(prepare + proxy + one + proxy + rest, group), HasSubstr("still copies"));
  EXPECT_THAT(complaint(prepare + proxy + one + proxy + "nvvm.cp.async.wait.group 0\n" + rest, group),
              HasSubstr("with no fence.proxy.async behind it"));
  EXPECT_EQ(complaint(prepare + proxy + one + "nvvm.cp.async.wait.group 0\n" + proxy + rest, group), "");
}

TEST(Warpgroup, OperandsMustStayUntilTheWait) {
  std::string begun = prepare + fill + proxy + barrier + none + fence + multiply("none", "sums") + commit;
  std::string overwrite = store("zero", "tile", "tid");
  EXPECT_EQ(complaint(begun + wait(0) + barrier + overwrite, group), "");
  EXPECT_THAT(complaint(begun + barrier + overwrite + wait(0), group),
              AllOf(HasSubstr("llvm.store"), HasSubstr("which a product still reads")));
  EXPECT_THAT(complaint(begun + wait(0) + overwrite, group),
              AllOf(HasSubstr("has read with nothing that orders the two")));
  std::string two = prepare + fill + proxy + barrier + none + fence + multiply("none", "once") + commit +
                    multiply("once", "sums") + commit;
  EXPECT_THAT(complaint(two + wait(1) + barrier + overwrite, group), HasSubstr("which a product still reads"));
}

TEST(Warpgroup, AllWarpsDoTheSame) {
  std::string other = "%isLate = llvm.icmp \"uge\" %tid, %c64 : i32\n"
                      "%b2 = llvm.select %isLate, %a, %b : i1, i64\n";
  EXPECT_THAT(
      complaint(prepare + fill + proxy + barrier + other + none + fence + multiply("none", "sums", "b2"), group),
      HasSubstr("of warp 2 has other operands than that of its warpgroup's first warp"));
  EXPECT_THAT(complaint(none + "%a = llvm.mlir.constant(0 : i64) : i64\n" + fence + multiply("none", "sums", "a"),
                        {.threads = 96}),
              HasSubstr("needs whole warpgroups"));
}
