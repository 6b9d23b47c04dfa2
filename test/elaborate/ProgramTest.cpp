//===- ProgramTest.cpp - What elaboration makes of an experiment ----------===//

#include "Elaborated.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

using namespace nacre::lang;
using Names = std::vector<std::string>;

static Program elaborated(const std::string &text, const Defines &defines = {}) {
  Elaborated result = elaborateText(text, defines);
  EXPECT_TRUE(result.program) << result.messages;
  return result.program ? std::move(*result.program) : Program();
}

static const std::string convNet = "block Net(x: [N, C, H, W]) -> [N, ...] = x |> bn: BatchNorm() |> conv: Conv(4)\n";

TEST(Program, HasThePortsOfAnExperiment) {
  Program program = elaborated(
      convNet + experimentWith("    y = Net(x)\n    loss = mean(y^2)\n    metric size = mean(abs(y))\n    show y"));
  Names params{"bn.weight", "bn.bias", "conv.weight", "conv.bias"};
  Names states{"bn.running_mean", "bn.running_var", "bn.num_batches_tracked"};
  EXPECT_EQ(pathsOf(program.params), params);
  EXPECT_EQ(pathsOf(program.states), states);
  EXPECT_EQ(portsOf(program.train.arguments, Port::Role::Param), params);
  EXPECT_EQ(portsOf(program.train.arguments, Port::Role::State), states);
  EXPECT_EQ(portsOf(program.train.arguments, Port::Role::Field), Names{"image"});
  EXPECT_EQ(portsOf(program.train.results, Port::Role::Loss), Names{"loss"});
  EXPECT_EQ(portsOf(program.train.results, Port::Role::State), states);
  EXPECT_EQ(portsOf(program.train.results, Port::Role::Metric), Names{"size"});
  EXPECT_EQ(portsOf(program.eval.results, Port::Role::State), Names{});
  EXPECT_EQ(portsOf(program.eval.results, Port::Role::Show), Names{"y"});
  EXPECT_EQ(portsOf(program.init.results, Port::Role::Param), params);
  EXPECT_EQ(portsOf(program.update.results, Port::Role::Param), params);
  EXPECT_EQ(portsOf(program.update.results, Port::Role::Metric), Names{"lr"});
}

/// The leading extent of a function's field.
static int64_t batchOf(const Function &function) {
  for (const Port &port : function.arguments)
    if (port.role == Port::Role::Field)
      return function.values[port.value].shape[0];
  return 0;
}

TEST(Program, EvaluatesTheRestOneByOne) {
  Program program = elaborated(convNet + experimentWith("    loss = mean(Net(x)^2)"));
  EXPECT_EQ(batchOf(program.train), 2);
  EXPECT_EQ(batchOf(program.eval), 2);
  EXPECT_EQ(batchOf(program.evalOne), 1);
}

static Program trainedOn(int64_t batch, const std::string &demand = "") {
  std::string text = "block Net(x: [N, C, H, W]) -> [N, ...] {\n" + demand + "  return x |> conv: Conv(4)\n}\n" +
                     experimentWith("    loss = mean(Net(x)^2)");
  text.replace(text.find("batch = 2"), 9, "batch = " + std::to_string(batch));
  Elaborated result = elaborateText(text);
  EXPECT_TRUE(result.program);
  EXPECT_EQ(result.messages, "");
  return result.program ? std::move(*result.program) : Program();
}

TEST(Program, ChecksGradientsOnFewSamplesWhereTheModelTakesThem) {
  EXPECT_EQ(batchOf(trainedOn(2).check), 2);
  Program program = trainedOn(64);
  EXPECT_EQ(batchOf(program.check), 4);
  EXPECT_EQ(portsOf(program.check.arguments, Port::Role::Param), pathsOf(program.params));
  EXPECT_EQ(portsOf(program.check.results, Port::Role::Loss), Names{"loss"});
  std::string size = " N mod 8 == 0 or not training, \"no multiple of 8\"\n";
  EXPECT_EQ(batchOf(trainedOn(64, "  require" + size).check), 64);
  EXPECT_EQ(batchOf(trainedOn(64, "  expect" + size).check), 4) << "and says nothing";
}

TEST(Program, OptimizerStatesBelongToTheirParameter) {
  Program program =
      elaborated(convNet + experimentWith("    loss = mean(Net(x)^2)", "", "AdamW(p, clip_norm(g, 1.0), lr)"));
  ASSERT_EQ(program.states.size(), 3 + 2 * 4u);
  EXPECT_EQ(program.states[3].path, "optimizer.bn.weight.m");
  EXPECT_EQ(program.states[4].path, "optimizer.bn.weight.v");
  EXPECT_TRUE(program.states[3].optimizer);
  EXPECT_EQ(program.states[3].owner, "bn.weight");
  EXPECT_EQ(portsOf(program.update.arguments, Port::Role::GradNorm), Names{"grad_norm"});
  EXPECT_EQ(portsOf(program.init.results, Port::Role::State).size(), program.states.size());
}

TEST(Program, FrozenParametersNeedNoGradient) {
  Program program =
      elaborated(convNet + "\nexperiment go {\n  data = fashion_mnist\n  batch = 2\n  steps = 10\n  lr = 0.1\n"
                           "  forward(image) {\n    loss = mean(Net(float(image))^2)\n  }\n"
                           "  update(p, g, path) = if matches(path, \"bn.*\") then p else SGD(p, g, lr)\n}\n");
  EXPECT_EQ(portsOf(program.update.arguments, Port::Role::Gradient), (Names{"conv.weight", "conv.bias"}));
  const Port &bias = program.update.results[1];
  EXPECT_EQ(bias.value, program.update.arguments[1].value);
}

TEST(Program, EvaluationReadsAveragesIfThereAreAny) {
  Program program = elaborated(convNet + experimentWith("    loss = mean(Net(x)^2)", "  ema = 0.99\n"));
  Names averages{"optimizer.bn.weight.ema", "optimizer.bn.bias.ema", "optimizer.conv.weight.ema",
                 "optimizer.conv.bias.ema"};
  EXPECT_EQ(portsOf(program.update.results, Port::Role::State), averages);
  EXPECT_EQ(portsOf(program.eval.arguments, Port::Role::Param), Names{});
  Names read = portsOf(program.eval.arguments, Port::Role::State);
  EXPECT_EQ(Names(read.begin(), read.begin() + 4), averages);
  EXPECT_EQ(program.states[3].owner, "bn.weight");
}

TEST(Program, ParametersExistOnlyIfUsed) {
  std::string text = "config bias = false\n\nblock Net(x: [N, C, H, W]) -> [N, ...] = conv: Conv(x, 4, bias = bias)\n" +
                     experimentWith("    loss = mean(Net(x)^2)");
  EXPECT_EQ(pathsOf(elaborated(text).params), Names{"conv.weight"});
  EXPECT_EQ(pathsOf(elaborated(text, {{"bias", "true"}}).params), (Names{"conv.weight", "conv.bias"}));
}

TEST(Program, TotalsAreFinishedAfterThePass) {
  Program program =
      elaborated(convNet + experimentWith("    y = Net(x)\n    loss = mean(y^2)\n"
                                          "    metric ratio = total(sum(y)) / max(1, total(sum(abs(y))))"));
  Names totals{"ratio.0", "ratio.1"};
  EXPECT_EQ(portsOf(program.eval.results, Port::Role::Total), totals);
  EXPECT_EQ(portsOf(program.eval.results, Port::Role::Metric), Names{});
  EXPECT_EQ(portsOf(program.finish.arguments, Port::Role::Total), totals);
  EXPECT_EQ(portsOf(program.finish.results, Port::Role::Metric), Names{"ratio"});
}

TEST(Program, InitialValuesMayNameOtherParameters) {
  Program program = elaborated("block Net(x: [N, C, H, W]) -> [N, ...] = conv: Conv(x, 4, weight = WeightNorm)\n" +
                               experimentWith("    loss = mean(Net(x)^2)"));
  EXPECT_EQ(pathsOf(program.params), (Names{"conv.weight_v", "conv.weight_g", "conv.bias"}));
  // The length of v comes from v's own draw, not from a second one.
  auto draws = std::count_if(program.init.ops.begin(), program.init.ops.end(),
                             [](const Op &op) { return std::holds_alternative<op::Random>(op.code); });
  EXPECT_EQ(draws, 2);
}

TEST(Program, DrawsAreNamedByTheirCallPath) {
  Program program = elaborated(
      "block Net(x: [N, C, H, W]) -> [N, ...] {\n  y[0] = x\n  y[i] = dropout(y[i - 1], 0.2 * i) for i in 1..2\n"
      "  return dropout(y[2]) |> conv: Conv(4)\n}\n" +
      experimentWith("    loss = mean(Net(x)^2)"));
  Names streams;
  for (const Op &op : program.train.ops)
    if (auto *random = std::get_if<op::Random>(&op.code))
      streams.push_back(random->stream);
  EXPECT_EQ(streams,
            (Names{"/Net#0[1]/dropout#0/random#0", "/Net#0[2]/dropout#0/random#0", "/Net#0/dropout#1/random#0"}));
  for (const Op &op : program.init.ops)
    if (auto *random = std::get_if<op::Random>(&op.code))
      EXPECT_EQ(random->stream.rfind("conv.", 0), 0u) << random->stream;
}

TEST(Program, TheSameCallWithTheSamePathShares) {
  Program program = elaborated("block Net(x: [N, C, H, W]) -> [N, ...] {\n  y[0] = x\n"
                               "  y[i] = conv: Conv(y[i - 1], C) for i in 1..3\n  return y[3]\n}\n" +
                               experimentWith("    loss = mean(Net(x)^2)"));
  EXPECT_EQ(pathsOf(program.params), (Names{"conv.weight", "conv.bias"}));
  ASSERT_EQ(program.layers.size(), 2u);
  EXPECT_EQ(program.layers[1].path, "conv");
  EXPECT_EQ(program.layers[1].uses, 3);
}

static void expectSound(const Program &program, const Function &function) {
  std::vector<bool> known(function.values.size());
  for (const Port &port : function.arguments)
    known[port.value] = true;
  for (const Op &op : function.ops) {
    for (Value operand : op.operands)
      EXPECT_TRUE(known[operand]) << function.name;
    if (std::holds_alternative<op::Elementwise>(op.code) || std::holds_alternative<op::Select>(op.code))
      for (Value operand : op.operands)
        EXPECT_EQ(function.values[operand].shape, function.values[op.result()].shape);
    if (auto *broadcast = std::get_if<op::Broadcast>(&op.code))
      EXPECT_TRUE(std::is_sorted(broadcast->axes.begin(), broadcast->axes.end()));
    if (auto *scan = std::get_if<op::Scan>(&op.code))
      expectSound(program, *scan->body);
    EXPECT_LT(op.frame, program.frames.size());
    for (Value result : op.results)
      known[result] = true;
  }
  for (const Port &port : function.results)
    EXPECT_TRUE(known[port.value]) << function.name << " " << port.name;
}

TEST(Program, OperandsComeBeforeTheirUsesAndShapesAgree) {
  Elaborated result = elaborateModel("visioncore");
  ASSERT_TRUE(result.program) << result.messages;
  const Program &program = *result.program;
  for (const Function *function : {&program.init, &program.train, &program.eval, &program.evalOne, &program.check,
                                   &program.update, &program.finish})
    expectSound(program, *function);
}

TEST(Program, SameTextGivesSameProgram) {
  auto print = [] {
    Elaborated result = elaborateModel("convgru");
    std::ostringstream out;
    printProgram(*result.program, out);
    return out.str();
  };
  EXPECT_EQ(print(), print());
}

TEST(Settings, AreReadWithTheirPolicies) {
  Program program = elaborated(convNet + experimentWith("    loss = mean(Net(x)^2)",
                                                        "  precision = \"bf16\"\n  precision \"conv.*\" = \"f32\"\n"
                                                        "  recompute \"*\" = 2\n  patience = 3\n  seed = 7\n"));
  const Settings &settings = program.settings;
  EXPECT_EQ(settings.batch, 2);
  EXPECT_EQ(settings.steps, 10);
  EXPECT_EQ(settings.seed, 7);
  EXPECT_EQ(settings.patience, 3);
  ASSERT_EQ(settings.precision.size(), 2u);
  EXPECT_EQ(settings.precision[0].pattern, "*");
  EXPECT_EQ(settings.precision[1].pattern, "conv.*");
  EXPECT_EQ(std::get<int64_t>(settings.recompute[0].value.value), 2);
}

TEST(Dataset, HasFieldsAndPipelines) {
  Elaborated result = elaborateModel("cifar");
  ASSERT_TRUE(result.program) << result.messages;
  const Dataset &dataset = result.program->dataset;
  EXPECT_EQ(dataset.name, "cifar10");
  ASSERT_EQ(dataset.fields.size(), 2u);
  EXPECT_EQ(dataset.fields[0].type, (TensorType{DType::U8, {3, 32, 32}}));
  EXPECT_EQ(dataset.fields[1].high, 9);
  Names steps;
  for (const PipelineStep &step : dataset.train)
    steps.push_back(step.name);
  EXPECT_EQ(steps, (Names{"images", "crop", "flip", "rand_augment"}));
  EXPECT_EQ(dataset.train[1].arguments[1].first, "pad");
  EXPECT_EQ(std::get<int64_t>(dataset.train[1].arguments[1].second.value), 4);
}
