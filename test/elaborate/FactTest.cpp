//===- FactTest.cpp - Compile-time values ---------------------------------===//
//
// Each fact is a condition that a model requires; the compiler must agree.
//
//===----------------------------------------------------------------------===//

#include "Elaborated.h"

#include <gtest/gtest.h>

using namespace nacre::lang;

static Elaborated require(const std::string &fact) {
  return elaborateText("block Net(x: [N, C, H, W]) -> [N, ...] {\n  require " + fact +
                       ", \"does not hold\"\n  return fc: Linear(x, W div 7)\n}\n" +
                       experimentWith("    loss = mean(Net(x)^2)"));
}

class FactTest : public testing::TestWithParam<const char *> {};

TEST_P(FactTest, Holds) {
  Elaborated result = require(GetParam());
  EXPECT_TRUE(result.program) << GetParam() << "\n" << result.messages;
}

INSTANTIATE_TEST_SUITE_P(Arithmetic, FactTest,
                         testing::Values("7 div 2 == 3", "-7 div 2 == -4", "-7 mod 2 == 1", "7 mod -2 == -1",
                                         "6 / 3 == 2", "5 / 2.0 == 2.5", "2^10 == 1024", "2^-1 == 0.5", "-2^2 == -4",
                                         "10 == 10.0", "0.1 + 0.2 > 0.3", "round(2.5) == 2", "round(3.5) == 4",
                                         "round(-2.5) == -2", "ceil(1.1) == 2", "floor(-1.1) == -2", "int(-1.9) == -1",
                                         "float(3) / 2 == 1.5", "max(1, 2.5) == 2.5", "min(3, 2) == 2",
                                         "sign(-3) == -1", "abs(-4) == 4", "sqrt(9) == 3", "exp(0) == 1",
                                         "cos(pi) == -1"));

INSTANTIATE_TEST_SUITE_P(Lists, FactTest,
                         testing::Values("len(1..0) == 0", "len(3..5) == 3", "[1, 2, 3][1] == 2",
                                         "[1, 2, 3][1..] == [2, 3]", "[1, 2, 3][0..1] == [1, 2]", "[1][1..0] == []",
                                         "[...[1, 2], 3] == [1, 2, 3]", "[2 * i for i in 1..3] == [2, 4, 6]",
                                         "sum([1, 2, 3]) == 6", "product([2, 3, 4]) == 24", "product([]) == 1",
                                         "max([3, 1, 2]) == 3", "each(2, 3) == [2, 2, 2]", "each([1, 2], 2) == [1, 2]",
                                         "[1, \"a\", none][2] == none", "[1, 2] != [2, 1]"));

INSTANTIATE_TEST_SUITE_P(Texts, FactTest,
                         testing::Values("\"a{1 + 1}b\" == \"a2b\"", "\"{0.5} {true} {none}\" == \"0.5 true none\"",
                                         "\"\\{x}\" != \"x\"", "matches(\"layer1.0.conv\", \"layer*.conv\")",
                                         "not matches(\"layer1.fc\", \"*.conv\")", "matches(\"\", \"*\")",
                                         "\"{[1, 2]}\" == \"[1, 2]\""));

INSTANTIATE_TEST_SUITE_P(Known, FactTest,
                         testing::Values("known(3) == 3", "known(\"a\") == \"a\"", "known(none) == none",
                                         "known(steps) == 10", "known(steps_per_epoch) == none", "known(step) == none",
                                         "known(expand(0.5, [])) == 0.5", "known(x) == none"));

INSTANTIATE_TEST_SUITE_P(Logic, FactTest,
                         testing::Values("true or 1 / 0 == 1", "not (false and 1 / 0 == 1)", "not false",
                                         "none == none", "relu == relu", "relu != gelu",
                                         "Conv(groups = 2) == Conv(groups = 2)", "Conv(groups = 2) != Conv(groups = 4)",
                                         "\"a\" != 1"));

INSTANTIATE_TEST_SUITE_P(
    Shapes, FactTest,
    testing::Values("C == 1 and H == 28 and W == 28", "shape(x)[1..] == [1, 28, 28]",
                    "shape(mean(x over H, W)) == [N, C]", "shape(mean(x)) == []", "shape(x[0 over H]) == [N, C, W]",
                    "shape(x[2..5 over W]) == [N, C, H, 4]", "shape(x[20.. over 2]) == [N, C, 8, W]",
                    "shape(transpose(x over W, H, C, N)) == [28, 28, 1, N]",
                    "shape(concat([x, x] over C)) == [N, 2, H, W]", "shape(stack([x, x] over 0)) == [2, N, C, H, W]",
                    "shape(pad(x, 1, -2 over H)) == [N, C, 27, W]", "shape(expand(x, [N, 5, H, W])) == [N, 5, H, W]",
                    "shape(max_pool(x)) == [N, C, 14, 14]", "shape(max_pool(x, 3, 2, 1)) == [N, C, 14, 14]",
                    "shape(dot(x, x over W)) == [N, C, H]", "shape(split(x, 4 over H)[3]) == [N, C, 7, W]",
                    "shape(onehot(int(x[0 over C][0 over H][0 over W]), 10)) == [N, 10]",
                    "shape(tensor([[1, 2, 3], [4, 5, 6]])) == [2, 3]",
                    "shape(resize_nearest(x, 5, 7)) == [N, C, 5, 7]"));

TEST(Fact, FalseIsAnError) {
  Elaborated result = require("1 == 2");
  EXPECT_FALSE(result.program);
  EXPECT_NE(result.messages.find("does not hold"), std::string::npos);
}
