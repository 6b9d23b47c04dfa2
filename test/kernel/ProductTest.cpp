//===- ProductTest.cpp - Products of matrices against plain loops ---------===//

#include "ConvNests.h"
#include "KernelRunner.h"

#include <gtest/gtest.h>

using namespace nacre::test;

namespace {

void expectAgreement(ProductCase c) {
  for (bool isTransposed : {false, true}) {
    c.isTransposed = isTransposed;
    c.element = "f32";
    SCOPED_TRACE(c.describe());
    EXPECT_EQ(compareWithOracle(productNest(c), 2e-5), "");
    EXPECT_EQ(compareWithOracle(productNest(c), 2e-5, {256, ""}), "");
    c.element = "f64";
    EXPECT_EQ(compareWithOracle(productNest(c), 1e-12), "");
  }
}

/// Both forms of a result: rows or columns outside.
void expectMatrix(int64_t rows, int64_t columns, int64_t length) {
  expectAgreement({.rows = rows, .columns = columns, .length = length, .axes = {0, 1}, .shape = {rows, columns}});
  expectAgreement({.rows = rows, .columns = columns, .length = length, .axes = {1, 0}, .shape = {columns, rows}});
}

} // namespace

TEST(Product, OfOneTile) {
  expectMatrix(6, 64, 128);
  expectMatrix(1, 16, 1);
}

TEST(Product, OfAnySize) {
  expectMatrix(7, 5, 3);
  expectMatrix(131, 37, 61);
  expectMatrix(97, 176, 8);
}

TEST(Product, OfSeveralPanelsAndBlocksOfChannels) {
  expectMatrix(101, 192, 300);
  expectMatrix(53, 64, 257);
  expectMatrix(20, 70, 260);
  expectMatrix(3, 128, 4200);
}

TEST(Product, InGroups) {
  expectAgreement({.rows = 50, .columns = 20, .length = 17, .groups = 3, .axes = {1, 0, 1}, .shape = {3, 50, 20}});
  expectAgreement({.rows = 70, .columns = 64, .length = 130, .groups = 2, .axes = {1, 1, 0}, .shape = {2, 64, 70}});
  expectAgreement(
      {.rows = 12, .columns = 48, .length = 20, .groups = 6, .axes = {1, 1, 0, 1}, .shape = {3, 2, 12, 48}});
}

TEST(Product, OfSeveralAxes) {
  expectAgreement({.rows = 52, .columns = 40, .length = 19, .axes = {0, 0, 1}, .shape = {4, 13, 40}});
  expectAgreement({.rows = 30, .columns = 80, .length = 19, .axes = {0, 1, 1}, .shape = {30, 5, 16}});
  expectAgreement({.rows = 30, .columns = 160, .length = 19, .axes = {0, 1, 1}, .shape = {30, 5, 32}});
  expectAgreement({.rows = 30, .columns = 35, .length = 19, .axes = {1, 0, 1}, .shape = {5, 30, 7}});
  expectAgreement({.rows = 30, .columns = 35, .length = 19, .axes = {1, 0, 0}, .shape = {35, 6, 5}});
}
