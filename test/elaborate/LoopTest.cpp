//===- LoopTest.cpp - Equations that become loops over time ---------------===//

#include "Elaborated.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace nacre::lang;
using Names = std::vector<std::string>;

/// A net of x: [N, T, C] with T = C = 28, in an experiment; `statements` are its body.
static Elaborated elaborateNet(const std::string &statements, const std::string &settings = "",
                               const std::string &blocks = "") {
  return elaborateText(
      blocks + "block Net(x: [N, T, C]) -> [N, ...] {\n" + statements + "}\n" +
      experimentWith("    y = net: Net(reshape(x, [shape(x)[0], 28, 28]))\n    loss = mean(y^2)", settings));
}

static Program programOf(const std::string &statements, const std::string &settings = "",
                         const std::string &blocks = "") {
  Elaborated result = elaborateNet(statements, settings, blocks);
  EXPECT_TRUE(result.program) << result.messages;
  EXPECT_EQ(result.messages, "");
  return result.program ? std::move(*result.program) : Program();
}

struct FoundLoop {
  const Op &op;
  const op::Scan &scan;
};

static std::vector<FoundLoop> loopsOf(const Function &function) {
  std::vector<FoundLoop> loops;
  for (const Op &op : function.ops)
    if (auto *scan = std::get_if<op::Scan>(&op.code))
      loops.push_back({op, *scan});
  return loops;
}

static size_t opCount(const Function &function) {
  size_t count = function.ops.size();
  for (const FoundLoop &loop : loopsOf(function))
    count += opCount(*loop.scan.body);
  return count;
}

template <typename Code> static size_t countOf(const Function &function) {
  return std::count_if(function.ops.begin(), function.ops.end(),
                       [](const Op &op) { return std::holds_alternative<Code>(op.code); });
}

static const std::string sums = "  h[-1] = expand(0, [N, C])\n  h[t] = x[t over T] + h[t - 1] for t in 0..T - 1\n";

//===----------------------------------------------------------------------===//
// The form of a loop
//===----------------------------------------------------------------------===//

TEST(Loop, IsAsLongForAnyNumberOfSteps) {
  Elaborated few = elaborateModel("convgru", {{"frames", "8"}}), many = elaborateModel("convgru", {{"frames", "64"}});
  ASSERT_TRUE(few.program && many.program) << few.messages << many.messages;
  EXPECT_EQ(opCount(few.program->train), opCount(many.program->train));
  EXPECT_EQ(opCount(few.program->init), opCount(many.program->init));
  EXPECT_EQ(few.program->train.ops.size(), many.program->train.ops.size());
}

TEST(Loop, HasCarriesSlicesAndInvariants) {
  Elaborated result = elaborateModel("convgru", {{"use_layer_norm", "false"}});
  ASSERT_TRUE(result.program) << result.messages;
  std::vector<FoundLoop> loops = loopsOf(result.program->train);
  ASSERT_EQ(loops.size(), 1u);
  const auto &[op, scan] = loops[0];
  EXPECT_EQ(scan.families, Names{"h"});
  EXPECT_EQ(scan.steps, 8);
  EXPECT_FALSE(scan.reverse);
  EXPECT_EQ(portsOf(scan.body->arguments, Port::Role::Carry), Names{"h"});
  EXPECT_EQ(portsOf(scan.body->arguments, Port::Role::Slice), Names{"x"});
  EXPECT_EQ(portsOf(scan.body->arguments, Port::Role::Invariant),
            (Names{"gru.cell.conv_x.weight", "gru.cell.conv_x.bias", "gru.cell.conv_h.weight"}));
  const std::vector<TensorType> &types = result.program->train.values;
  EXPECT_EQ(types[op.operands[1]].shape, (std::vector<int64_t>{8, 8, 1, 16, 16}));
  EXPECT_EQ(types[op.results[0]].shape, (std::vector<int64_t>{8, 64, 16, 16}));
  EXPECT_EQ(types[op.results[1]].shape, (std::vector<int64_t>{8, 8, 64, 16, 16}));
  EXPECT_EQ(result.program->frames[op.frame].path, "gru");
}

TEST(Loop, GivesItsLastElementByTheCarryAlone) {
  Program program = programOf(sums + "  return h[T - 1]\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(loops[0].op.results.size(), 1u);
  EXPECT_EQ(countOf<op::Slice>(program.train), 0u);
}

TEST(Loop, GivesConsecutiveElementsAsOnePart) {
  Program program = programOf(sums + "  return stack(h[-1..T - 2] over 1)\n");
  EXPECT_EQ(countOf<op::Slice>(program.train), 1u);
  EXPECT_EQ(countOf<op::Concat>(program.train), 1u);
  program = programOf(sums + "  return stack(h[0..T - 1] over 1)\n");
  EXPECT_EQ(countOf<op::Slice>(program.train), 0u);
  EXPECT_EQ(countOf<op::Concat>(program.train), 0u);
}

TEST(Loop, RunsBackwardsFromLaterElements) {
  Program program = programOf("  h[T] = x[0 over T]\n  h[T + 1] = x[1 over T]\n"
                              "  h[t] = x[t over T] + h[t + 1] * h[t + 2] for t in 0..T - 1\n  return h[0]\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_TRUE(loops[0].scan.reverse);
  EXPECT_EQ(portsOf(loops[0].scan.body->arguments, Port::Role::Carry), (Names{"h", "h[t + 2]"}));
  const Port &second = loops[0].scan.body->results[1];
  EXPECT_EQ(second.value, loops[0].scan.body->arguments[0].value) << "the one after the next is the next, later";
}

TEST(Loop, TakesFamiliesThatNeedEachOtherTogether) {
  Program program = programOf("  h[-1] = expand(0, [N, C])\n  c[-1] = expand(0, [N, C])\n"
                              "  p[t] = [tanh(x[t over T] + h[t - 1]), 2 * h[t - 1]] for t in 0..T - 1\n"
                              "  c[t] = c[t - 1] + p[t][0] for t in 0..T - 1\n"
                              "  h[t] = c[t] * p[t][1] for t in 0..T - 1\n  return h[T - 1]\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(loops[0].scan.families, (Names{"p", "c", "h"}));
  EXPECT_EQ(loops[0].scan.carries, 2);
}

TEST(Loop, ReadsOtherLoopsAsSequences) {
  Program program = programOf(sums + "  g[-1] = h[0]\n  g[i] = g[i - 1] * h[i - 1] + h[i] for i in 0..T - 1\n"
                                     "  return g[T - 1]\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 2u);
  EXPECT_EQ(loops[1].scan.families, Names{"g"});
  EXPECT_EQ(loops[1].scan.sequences, 2);
  EXPECT_EQ(loops[1].op.operands[2], loops[0].op.results[1]) << "all the elements as they are";
}

TEST(Loop, CarriesTheTensorsOfLists) {
  Program program = programOf("  s[-1] = [expand(0, [N, C]), 0.5, 3]\n"
                              "  s[t] = [x[t over T] * s[t - 1][1], sum(x[t over T]) + s[t - 1][1], s[t - 1][2]]"
                              " for t in 0..T - 1\n  return s[T - 1][0] + s[T - 1][1] * s[0][2]\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  // The first number becomes a tensor; the second stays what it is.
  EXPECT_EQ(portsOf(loops[0].scan.body->arguments, Port::Role::Carry), (Names{"s.0", "s.1"}));
  EXPECT_EQ(loops[0].op.results.size(), 2u);
}

TEST(Loop, MayDefineTwoFamiliesByOneEquation) {
  Program program = programOf("  a[-1] = x[0 over T]\n  b[-1] = x[1 over T]\n"
                              "  a[t], b[t] = [b[t - 1] + x[t over T], a[t - 1]] for t in 0..T - 1\n"
                              "  return a[T - 1] + b[3]\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(loops[0].scan.families, (Names{"a", "b"}));
  EXPECT_EQ(portsOf(loops[0].scan.body->arguments, Port::Role::Carry), (Names{"b", "a"}));
  EXPECT_EQ(loops[0].op.results.size(), 3u);
}

TEST(Loop, NeedsNoCarry) {
  Program program =
      programOf("  y[t] = fc: Linear(x[t over T], 3) for t in 0..T - 1\n  return stack(y[0..T - 1] over 1)\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(loops[0].scan.carries, 0);
  EXPECT_EQ(loops[0].op.results.size(), 1u);
}

TEST(Loop, IsNamedByTheFunctionWhereThatHasNoPath) {
  Program program = programOf("  return gamma(0.5) * x\n");
  ASSERT_EQ(program.loops.size(), 1u);
  EXPECT_EQ(program.loops[0], (Loop{"net", {"gamma.g"}, 8}));
}

TEST(Loop, DrawsInItsBody) {
  Program program = programOf("  h[-1] = x[0 over T]\n  h[t] = dropout(h[t - 1] + x[t over T]) for t in 0..T - 1\n"
                              "  return h[T - 1]\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(countOf<op::Random>(program.train), 0u);
  for (const Op &op : loops[0].scan.body->ops)
    if (auto *random = std::get_if<op::Random>(&op.code))
      EXPECT_EQ(random->stream, "/net/dropout#0/random#0");
}

TEST(Loop, MayBeInTheBodyOfAnother) {
  Program program = programOf("  w = exp(x[0 over T])\n  h[-1] = expand(0, [N, C])\n"
                              "  h[t] = cell: Cell(x[t over T] * w, h[t - 1]) for t in 0..T - 1\n  return h[T - 1]\n",
                              "",
                              "block Cell(x: [N, C], h: [N, C]) -> [N, C] {\n  u = tanh(x)\n  y[0] = h\n"
                              "  y[i] = mix: Linear(u + y[i - 1], C) for i in 1..4\n  return y[4]\n}\n");
  std::vector<FoundLoop> outer = loopsOf(program.train);
  ASSERT_EQ(outer.size(), 1u);
  EXPECT_EQ(portsOf(outer[0].scan.body->arguments, Port::Role::Invariant),
            (Names{"exp(x[0 over T])", "net.cell.mix.weight", "net.cell.mix.bias"}));
  std::vector<FoundLoop> inner = loopsOf(*outer[0].scan.body);
  ASSERT_EQ(inner.size(), 1u);
  EXPECT_EQ(inner[0].scan.steps, 4);
  EXPECT_EQ(inner[0].scan.sequences, 0);
  EXPECT_EQ(pathsOf(program.params), (Names{"net.cell.mix.weight", "net.cell.mix.bias"}));
  const Layer &mix = program.layers.back();
  EXPECT_EQ(mix.path, "net.cell.mix");
  EXPECT_EQ(mix.uses, 28 * 4);
  EXPECT_EQ(mix.flops, 28 * 4 * 2 * 2 * 28 * 28);
}

TEST(Loop, TakesTheElementOfATensorThatItMade) {
  Program program = programOf("  a[-1] = x\n  a[t] = a[t - 1] * mean(a[t - 1][t + 1 over T]) for t in 0..T - 2\n"
                              "  return a[T - 2]\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(countOf<op::Take>(*loops[0].scan.body), 1u);
  EXPECT_EQ(program.train.values[loops[0].op.operands[1]], (TensorType{DType::Int, {27, 1}})) << "the indices";
}

TEST(Loop, EvaluatesOutsideWhatIsTheSameInEveryStep) {
  Program program = programOf("  scale = exp(mean(x))\n  h[-1] = expand(0, [N, C])\n"
                              "  h[t] = h[t - 1] * scale + (2 * x)[t over T] * step for t in 0..T - 1\n"
                              "  return h[T - 1] * scale\n");
  std::vector<FoundLoop> loops = loopsOf(program.train);
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_EQ(countOf<op::Control>(program.train), 1u);
  EXPECT_EQ(countOf<op::Reduce>(*loops[0].scan.body), 0u);
  EXPECT_EQ(portsOf(loops[0].scan.body->arguments, Port::Role::Slice), Names{"(2 * x)"});
  EXPECT_EQ(portsOf(loops[0].scan.body->arguments, Port::Role::Invariant), (Names{"exp(mean(x))", "step"}));
}

TEST(Loop, LeavesInitialValuesWhatTheyAre) {
  Program program =
      programOf("  param scale: [C] = 2\n  h[-1] = expand(0, [N, C])\n"
                "  h[t] = cell: Cell(x[t over T], h[t - 1], exp(scale)) for t in 0..T - 1\n"
                "  return h[T - 1]\n",
                "",
                "block Cell(x: [N, C], h: [N, C], base) -> [N, C] {\n"
                "  start: [C] = 0.5 * base\n  y[-1] = 1.0\n  y[i] = y[i - 1] * start[i] for i in 0..C - 1\n"
                "  param w: [C] = start\n  param v: [C] = normal\n"
                "  param u: [C] = stack(y[0..C - 1] over 0)\n"
                "  return h * w + start * v + u * y[C - 1] + x\n}\n");
  EXPECT_EQ(pathsOf(program.params), (Names{"net.scale", "net.cell.w", "net.cell.v", "net.cell.u"}));
  EXPECT_EQ(loopsOf(program.init).size(), 1u);
  EXPECT_EQ(countOf<op::Random>(program.init), 2u);
  EXPECT_EQ(portsOf(program.train.results, Port::Role::State), Names{});
}

TEST(Loop, RecomputesByThePolicyOfTheCallsInIt) {
  auto everyOf = [](const std::string &policies) {
    Elaborated result =
        elaborateNet("  h[-1] = expand(0, [N, C])\n"
                     "  h[t] = cell: Linear(h[t - 1] + x[t over T], C) for t in 0..T - 1\n  return h[T - 1]\n",
                     policies);
    return loopsOf(result.program->train).at(0).scan.recompute;
  };
  EXPECT_EQ(everyOf(""), 0);
  EXPECT_EQ(everyOf("  recompute \"net.cell\" = 4\n"), 4);
  EXPECT_EQ(everyOf("  recompute = 2\n  recompute \"other\" = 3\n"), 2);
  EXPECT_EQ(everyOf("  recompute = 2\n  recompute \"net\" = none\n"), 0);
  EXPECT_EQ(everyOf("  recompute \"net\" = \"sqrt\"\n"), 4) << "of 28, seven times";
}

TEST(Loop, KeepsAsManyStepsAsAreComputedAgainBySquareRoots) {
  auto everyOf = [](int64_t steps) {
    Elaborated result =
        elaborateNet("  h[-1] = expand(0, [N, C])\n  h[t] = tanh(h[t - 1] + x[0 over T]) for t in 0.." +
                         std::to_string(steps - 1) + "\n  return h[" + std::to_string(steps - 1) + "]\n",
                     "  recompute = \"sqrt\"\n");
    return loopsOf(result.program->train).at(0).scan.recompute;
  };
  EXPECT_EQ(everyOf(2), 1);
  EXPECT_EQ(everyOf(7), 2) << "no number of steps leaves no rest";
  EXPECT_EQ(everyOf(12), 3);
  EXPECT_EQ(everyOf(64), 8);
  EXPECT_EQ(everyOf(100), 10);
}

TEST(Loop, WarnsOfPoliciesThatConcernNone) {
  auto messagesOf = [](const std::string &policies) {
    return elaborateNet("  return fc: Linear(x, C)\n", policies).messages;
  };
  std::string messages = messagesOf("  recompute \"net.fc\" = 2\n");
  EXPECT_NE(messages.find("warning: 'recompute' concerns loops over time, and none matches \"net.fc\""),
            std::string::npos)
      << messages;
  EXPECT_NE(messagesOf("  recompute \"net.fc\" = \"sqrt\"\n"), "");
  EXPECT_EQ(messagesOf("  recompute \"net.fc\" = none\n"), "");
}

//===----------------------------------------------------------------------===//
// Depth
//===----------------------------------------------------------------------===//

static size_t loopsIn(const std::string &statements) { return loopsOf(programOf(statements).train).size(); }

TEST(Depth, IsWhatIsNoLoop) {
  const std::string start = "  h[-1] = expand(0, [N, C])\n", end = "  return h[2]\n";
  EXPECT_EQ(loopsIn(start + "  h[t] = h[t - 1] + x[t over T] for t in 0..2\n" + end), 1u);
  EXPECT_EQ(loopsIn(start + "  h[t] = h[t - 1] * t + x[t over T] for t in 0..2\n" + end), 0u);
  EXPECT_EQ(loopsIn(start +
                    "  xs = [x[0 over T], x[1 over T], x[2 over T]]\n"
                    "  h[t] = h[t - 1] + xs[t] for t in 0..2\n" +
                    end),
            0u)
      << "a list";
  EXPECT_EQ(loopsIn(start + "  h[t] = fc[t]: Linear(h[t - 1], C) for t in 0..2\n" + end), 0u) << "a label";
  EXPECT_EQ(loopsIn(start +
                    "  h[0] = h[-1] + x[0 over T]\n  h[1] = h[0] + x[1 over T]\n"
                    "  h[t] = h[t - 1] + x[t over T] for t in 2..2\n" +
                    end),
            0u)
      << "a single step";
  EXPECT_EQ(loopsIn("  h[-1] = expand(0, [N, 1])\n  h[t] = h[t - 1] + x[t over T] for t in 0..2\n" + end), 0u)
      << "another shape";
  EXPECT_EQ(loopsIn("  c[0] = 1\n  c[i] = 2 * c[i - 1] for i in 1..4\n  return c[4] * x\n"), 0u) << "numbers";
  EXPECT_EQ(loopsIn(start +
                    "  h[3] = h[-1]\n  h[t] = h[t - 1] * g[t] for t in 0..2\n"
                    "  g[t] = x[t over T] + h[3] for t in 0..2\n" +
                    end),
            2u)
      << "two";
}

TEST(Depth, DrawsAnewInEveryStep) {
  const std::string right = "random([N, C])[t over 1] * h[t - 1] for t in 0..2\n  return h[2]\n";
  Program program = programOf("  h[-1]: [N] = x[0 over T][0 over C]\n  h[t]: [N] = " + right);
  EXPECT_EQ(loopsOf(program.train).size(), 0u);
  EXPECT_EQ(countOf<op::Random>(program.train), 3u);
}

TEST(Depth, CountsInstancesOnce) {
  Program program = programOf("  h[-1] = expand(0, [N, 1])\n  h[t] = h[t - 1] + (fc: Linear(x[t over T], C))"
                              " for t in 0..2\n  return h[2]\n");
  EXPECT_EQ(program.layers.back().path, "net.fc");
  EXPECT_EQ(program.layers.back().uses, 3);
}

static std::string messagesOf(const std::string &statements) { return elaborateNet(statements).messages; }

TEST(Depth, IsSaidOfLongLoopsThatCouldBeTime) {
  const std::string right = " = h[t - 1] + x[t over T] for t in 0..T - 1\n  return h[T - 1]\n";
  EXPECT_NE(messagesOf("  h[-1] = expand(0, [N, 1])\n  h[t]" + right)
                .find("warning: the 28 equations of 'h' are unrolled: h[-1] is [2, 1], h[0] is [2, 28]: expand it\n"),
            std::string::npos);
  EXPECT_NE(messagesOf("  h[-1] = 0\n  h[t]" + right).find("h[-1] is 0, h[0] is [2, 28]: expand it\n"),
            std::string::npos);
  EXPECT_NE(messagesOf("  h[-2] = x[0 over T]\n  h[-1] = x[1 over T]\n  h[t] = g[t + 1] for t in 0..8\n"
                       "  g[t] = x[t over T] + h[t - 2] for t in 0..8\n  g[9] = x[9 over T]\n  return h[8]\n")
                .find("the 9 equations of 'h' are unrolled: a step needs elements before and after it"),
            std::string::npos);
  EXPECT_EQ(messagesOf("  h[-1] = 0\n  h[t] = h[t - 1] + x[t over T] for t in 0..7\n  return h[7]\n").find("warning"),
            std::string::npos);
}
