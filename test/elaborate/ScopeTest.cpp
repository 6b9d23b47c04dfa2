//===- ScopeTest.cpp - Configs, imports and what names mean ---------------===//

#include "Elaborated.h"

#include <gtest/gtest.h>

using namespace nacre::lang;

static std::string configOf(const Elaborated &result, const std::string &name) {
  if (!result.program)
    return result.messages;
  for (auto &[config, value] : result.program->configs)
    if (config == name)
      return value;
  return "no such config";
}

static const std::string base =
    "config width = 4 in 1..8\nconfig act = gelu\nconfig mode = \"plain\" in [\"plain\", \"other\"]\n"
    "config rate = 0.1\nconfig limit = none\nconfig wide = width > 4\n\n"
    "block Net(x: [N, C, H, W]) -> [N, ...] {\n"
    "  require limit == none or mode == \"other\" or rate > 0 or wide, \"\"\n"
    "  return act(conv: Conv(x, width))\n}\n" +
    experimentWith("    loss = mean(Net(x)^2)");

TEST(Config, IsItsDefaultOrWhatTheCommandLineSays) {
  EXPECT_EQ(configOf(elaborateText(base), "width"), "4");
  EXPECT_EQ(configOf(elaborateText(base, {{"width", "2 * 3"}}), "width"), "6");
  EXPECT_EQ(configOf(elaborateText(base, {{"width", "5"}}), "wide"), "true");
  EXPECT_EQ(configOf(elaborateText(base, {{"width", "5"}, {"width", "6"}}), "width"), "6");
  EXPECT_EQ(configOf(elaborateText(base, {{"mode", "other"}}), "mode"), "other");
  EXPECT_EQ(configOf(elaborateText(base, {{"act", "leaky_relu(slope = 0.2)"}}), "act"), "leaky_relu(slope = 0.2)");
  EXPECT_EQ(configOf(elaborateText(base, {{"rate", "1"}}), "rate"), "1.0");
  EXPECT_EQ(configOf(elaborateText(base, {{"limit", "3"}}), "limit"), "3");
}

static void expectError(const Elaborated &result, const std::string &text) {
  EXPECT_FALSE(result.program);
  EXPECT_NE(result.messages.find(text), std::string::npos) << result.messages;
}

TEST(Config, RefusesWhatItCannotBe) {
  expectError(elaborateText(base, {{"width", "9"}}), "the config 'width' cannot be 9: allowed are 1..8");
  expectError(elaborateText(base, {{"width", "2.5"}}), "the config 'width' is an int, and this is a float");
  expectError(elaborateText(base, {{"mode", "third"}}), "the config 'mode' cannot be \"third\"");
  expectError(elaborateText(base, {{"widht", "3"}}), "there is no config 'widht'; did you mean \"width\"?");
  expectError(elaborateText(base, {{"width", "3 +"}}), "-D width:1:");
}

TEST(Import, MayGiveConfigsNewDefaults) {
  TemporaryFile imported("base.nacre", base);
  Elaborated result = elaborateText("import base\n\nconfig width = 6\n");
  EXPECT_EQ(configOf(result, "width"), "6");
  EXPECT_EQ(result.program ? result.program->name : "", "go");
  expectError(elaborateText("import base\n\nconfig width = 9\n"), "the config 'width' cannot be 9");
}

TEST(Import, TwoFilesWithOneConfigMustBeSettled) {
  TemporaryFile first("first.nacre", "config shared = 1\nfn one(x) = x * shared\n");
  TemporaryFile second("second.nacre", "config shared = 2\nfn two(x) = x * shared\n");
  std::string head = "import first\nimport second\n",
              tail = experimentWith("    loss = mean(one(two(conv: Conv(x, 1))))");
  expectError(elaborateText(head + tail), "the config 'shared' is declared by two files");
  EXPECT_EQ(configOf(elaborateText(head + "config shared = 3\n" + tail), "shared"), "3");
}

TEST(Import, CircleIsAnError) {
  TemporaryFile other("other.nacre", "import model\n");
  expectError(elaborateText("import other\n"), "circle");
}

TEST(Family, LongChainsDoNotOverflowTheStack) {
  std::string net = "block Net(x: [N, C, H, W]) -> [N, ...] {\n  n[0] = 0\n  n[i] = n[i - 1] + 1 for i in 1..last\n"
                    "  return conv: Conv(x, n[last] div 10000)\n}\n";
  std::string text = "config last = 90_000\n" + net + experimentWith("    loss = mean(Net(x)^2)");
  Elaborated result = elaborateText(text);
  EXPECT_TRUE(result.program) << result.messages;
  expectError(elaborateText(text, {{"last", "200_000"}}), "more than 100000 elements");
}

TEST(Axis, NamesComeBackFromACall) {
  // `mean` calls its axes by other names; C is C again afterwards.
  Elaborated result = elaborateText("fn centered(x: [A, B, ...S]) = x - mean(x over A, ...S)\n\n"
                                    "block Net(x: [N, C, H, W]) -> [N, ...] {\n"
                                    "  y = centered(x)\n  return conv: Conv(y * mean(y over H, W), 4)\n}\n" +
                                    experimentWith("    loss = mean(Net(x)^2)"));
  EXPECT_TRUE(result.program) << result.messages;
}

TEST(Axis, NamesOfTheCallerAreNotSeen) {
  expectError(elaborateText("fn centered(x) = x - mean(x over C)\n\nblock Net(x: [N, C, H, W]) -> [N, ...] = conv: "
                            "Conv(centered(x), 4)\n" +
                            experimentWith("    loss = mean(Net(x)^2)")),
              "unknown name 'C'");
}
