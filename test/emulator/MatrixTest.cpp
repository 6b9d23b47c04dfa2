//===- MatrixTest.cpp - Products of matrices beside plain loops -----------===//

#include "EmulatedKernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nacre;
using namespace nacre::test;

/// `%name = %index + offset`.
static std::string plus(const std::string &name, const std::string &index, int offset) {
  std::string number = "n_" + name;
  return "%" + number + " = llvm.mlir.constant(" + std::to_string(offset) + " : i32) : i32\n%" + name +
         " = llvm.add %" + index + ", %" + number + " : i32\n";
}

/// `%name = %index * factor`.
static std::string times(const std::string &name, const std::string &index, int factor) {
  std::string number = "f_" + name;
  return "%" + number + " = llvm.mlir.constant(" + std::to_string(factor) + " : i32) : i32\n%" + name +
         " = llvm.mul %" + index + ", %" + number + " : i32\n";
}

/// Where a lane's elements of C and D begin, and the names of row and column: %group, %member, %corner.
static const std::string lane = R"(
  %c2 = llvm.mlir.constant(2 : i32) : i32
  %c3 = llvm.mlir.constant(3 : i32) : i32
  %group = llvm.lshr %tid, %c2 : i32
  %member = llvm.and %tid, %c3 : i32
  )" + times("group8", "group", 8) +
                                times("member2", "member", 2) + "%corner = llvm.add %group8, %member2 : i32\n";

static constexpr int cornerOffsets[] = {0, 1, 64, 65};

/// Stores the four elements that a lane has of D from element `offset` on.
static std::string storeD(int offset) {
  std::string lines;
  for (int i = 0; i < 4; ++i) {
    std::string n = std::to_string(i);
    lines += "%d" + n + " = llvm.extractvalue %d[" + n + "] : !llvm.struct<(f32, f32, f32, f32)>\n" +
             plus("at_d" + n, "corner", offset + cornerOffsets[i]) + store("d" + n, "arena", "at_d" + n);
  }
  return lines;
}

/// The number with the low bits of its f32 cleared.
static float cut(float value, int bits) {
  uint32_t word = std::bit_cast<uint32_t>(value) >> bits << bits;
  return std::bit_cast<float>(word);
}

/// A is at 0, B at 16 * depth, its rows along the depth if `transposed`, D at 512; C has `c` everywhere.
static void expectProduct(const std::vector<float> &all, int depth, bool transposed, int bits, float c) {
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      float sum = c;
      for (int k = 0; k < depth; ++k)
        sum += cut(row * depth + k, bits) * cut(16 * depth + (transposed ? k * 8 + column : column * depth + k), bits);
      EXPECT_EQ(all[512 + row * 8 + column], sum) << row << ", " << column;
    }
}

TEST(Matrix, MultipliesTF32) {
  std::string body = lane + "%a_at = llvm.add %group8, %member : i32\n" + times("member8", "member", 8) +
                     "%b_at = llvm.add %member8, %group : i32\n%c = llvm.mlir.constant(0.5 : f32) : f32\n";
  auto take = [&](const std::string &name, const std::string &from, int offset) {
    body += plus("at_" + name, from, offset) + load("f_" + name, "arena", "at_" + name) + "%" + name +
            " = nvvm.convert.float.to.tf32 %f_" + name + " {rnd = #nvvm.fp_rnd_mode<rna>}\n";
  };
  take("a0", "a_at", 0);
  take("a1", "a_at", 64);
  take("a2", "a_at", 4);
  take("a3", "a_at", 68);
  take("b0", "b_at", 128);
  take("b1", "b_at", 128 + 32);
  body += R"(
    %d = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%b0, %b1] C[%c, %c, %c, %c]
      {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>,
       multiplicandAPtxType = #nvvm.mma_type<tf32>, multiplicandBPtxType = #nvvm.mma_type<tf32>,
       shape = #nvvm.shape<m = 16, n = 8, k = 8>}
      : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
  )" + storeD(512);
  expectProduct(run(body, {.floats = 640}), 8, true, 0, 0.5);
}

/// Puts numbers 0 .. 383 into shared memory, as bf16 or f16.
static std::string stage16(bool bf16) {
  std::string lines;
  for (int i = 0; i < 12; ++i) {
    std::string n = std::to_string(i);
    lines += plus("e" + n, "tid", 32 * i) + load("x" + n, "arena", "e" + n);
    if (bf16)
      lines += "%w" + n + " = llvm.bitcast %x" + n + " : f32 to i32\n%u" + n + " = llvm.lshr %w" + n +
               ", %c16 : i32\n%h" + n + " = llvm.trunc %u" + n + " : i32 to i16\n";
    else
      lines +=
          "%g" + n + " = llvm.fptrunc %x" + n + " : f32 to f16\n%h" + n + " = llvm.bitcast %g" + n + " : f16 to i16\n";
    lines += "%p" + n + " = llvm.getelementptr %tile[%e" + n + "] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i16\n" +
             "llvm.store %h" + n + ", %p" + n + " : i16, !llvm.ptr<3>\n";
  }
  return lines + "nvvm.barrier\n";
}

/// Rows of 16 elements, in shared memory: two matrices above each other, twice.
static const std::string loadA = R"(
    %c15 = llvm.mlir.constant(15 : i32) : i32
    %c4 = llvm.mlir.constant(4 : i32) : i32
    %a_row = llvm.and %tid, %c15 : i32
    %a_half = llvm.lshr %tid, %c4 : i32
  )" + times("a_row16", "a_row", 16) +
                                 times("a_half8", "a_half", 8) +
                                 R"(
    %a_at = llvm.add %a_row16, %a_half8 : i32
    %a_p = llvm.getelementptr %tile[%a_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i16
    %a = nvvm.ldmatrix %a_p {num = 4 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>,
                             eltType = #nvvm.ld_st_matrix_elt_type<b16>}
      : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
  )";

/// B as rows of the depth: 8 of 16 elements.
static const std::string loadB = R"(
    %c7 = llvm.mlir.constant(7 : i32) : i32
    %c8 = llvm.mlir.constant(8 : i32) : i32
    %b_row = llvm.and %tid, %c7 : i32
    %b_half = llvm.and %tid, %c8 : i32
  )" + times("b_row16", "b_row", 16) +
                                 "%b_first = llvm.add %b_row16, %b_half : i32\n" + plus("b_at", "b_first", 256) + R"(
    %b_p = llvm.getelementptr %tile[%b_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i16
    %b = nvvm.ldmatrix %b_p {num = 2 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>,
                             eltType = #nvvm.ld_st_matrix_elt_type<b16>}
      : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32)>
  )";

/// B as rows of columns: 16 of 8 elements.
static const std::string loadTransposedB = times("b_row8", "a_row", 8) + plus("b_at", "b_row8", 256) + R"(
    %b_p = llvm.getelementptr %tile[%b_at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i16
    %b = nvvm.ldmatrix %b_p {num = 2 : i32, layout = #nvvm.mma_layout<col>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>,
                             eltType = #nvvm.ld_st_matrix_elt_type<b16>}
      : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32)>
  )";

/// Multiplies the matrices %a and %b in bf16 or f16.
static std::string multiply16(bool bf16) {
  std::string lines = "%c = llvm.mlir.constant(0.0 : f32) : f32\n", type = bf16 ? "i32" : "vector<2xf16>";
  auto take = [&](const std::string &matrix, int count) {
    for (int i = 0; i < count; ++i) {
      std::string n = std::to_string(i), fields = count == 4 ? "i32, i32, i32, i32" : "i32, i32";
      lines += "%w_" + matrix + n + " = llvm.extractvalue %" + matrix + "[" + n + "] : !llvm.struct<(" + fields +
               ")>\n%" + matrix + n + " = llvm.bitcast %w_" + matrix + n + " : i32 to " + type + "\n";
    }
  };
  take("a", 4);
  take("b", 2);
  std::string element = bf16 ? "bf16" : "f16";
  return lines + R"(
    %d = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%b0, %b1] C[%c, %c, %c, %c]
      {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>,
       multiplicandAPtxType = #nvvm.mma_type<)" +
         element + ">, multiplicandBPtxType = #nvvm.mma_type<" + element + R"(>,
       shape = #nvvm.shape<m = 16, n = 8, k = 16>}
      : ()" +
         type + ", " + type + ", f32) -> !llvm.struct<(f32, f32, f32, f32)>\n" + lane + storeD(512);
}

TEST(Matrix, MultipliesBF16) {
  expectProduct(run(stage16(true) + loadA + loadB + multiply16(true), {.floats = 640}), 16, false, 16, 0);
}

TEST(Matrix, MultipliesF16AndTransposes) {
  expectProduct(run(stage16(false) + loadA + loadTransposedB + multiply16(false), {.floats = 640}), 16, true, 0, 0);
}

TEST(Matrix, LoadsSeeWhatALaneMaySee) {
  std::string body = stage16(true);
  body.erase(body.find("nvvm.barrier"));
  EXPECT_THAT(complaint(body + loadA, {.floats = 640}), testing::HasSubstr("nvvm.ldmatrix"));
}

TEST(Matrix, NeedsAllLanes) {
  EXPECT_THAT(complaint(loadA, {.threads = 16}),
              testing::HasSubstr("nvvm.ldmatrix 0 at k.mlir:26:10 needs a whole warp"));
}
