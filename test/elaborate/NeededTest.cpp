//===- NeededTest.cpp - What nothing needs is left out --------------------===//

#include "lang/Elaborator/Needed.h"

#include <gtest/gtest.h>

using namespace nacre::lang;
using Names = std::vector<std::string>;

/// A function that is written down value by value; all are floats.
struct Written {
  Function function;

  Value value(std::vector<int64_t> shape) {
    function.values.push_back({DType::Float, std::move(shape)});
    return static_cast<Value>(function.values.size() - 1);
  }
  Value argument(Port::Role role, const std::string &name, std::vector<int64_t> shape) {
    function.arguments.push_back({role, name, value(std::move(shape))});
    return function.arguments.back().value;
  }
  Value add(OpCode code, std::vector<Value> operands, std::vector<int64_t> shape) {
    function.ops.push_back({std::move(code), std::move(operands), {value(std::move(shape))}, 0});
    return function.ops.back().result();
  }
  void result(Port::Role role, const std::string &name, Value value) {
    function.results.push_back({role, name, value});
  }
};

static const op::Elementwise sum{ScalarFn::Add};

/// Five steps of h = h + x, c = c + w and y = h + u; h and y have stacks.
static Function loop(const std::vector<unsigned> &needed) {
  Written body;
  Value h = body.argument(Port::Role::Carry, "h", {3}), c = body.argument(Port::Role::Carry, "c", {3});
  Value x = body.argument(Port::Role::Slice, "x", {3});
  Value w = body.argument(Port::Role::Invariant, "w", {3}), u = body.argument(Port::Role::Invariant, "u", {3});
  Value next = body.add(sum, {h, x}, {3});
  body.result(Port::Role::Carry, "h", next);
  body.result(Port::Role::Carry, "c", body.add(sum, {c, w}, {3}));
  body.result(Port::Role::Slice, "h", next);
  body.result(Port::Role::Slice, "y", body.add(sum, {h, u}, {3}));

  Written outer;
  std::vector<Value> operands{outer.value({3}), outer.value({3}), outer.value({5, 3}), outer.value({3}),
                              outer.value({3})};
  for (Value operand : operands)
    outer.function.arguments.push_back({Port::Role::Field, "", operand});
  op::Scan scan;
  scan.body = std::make_shared<const Function>(body.function);
  scan.steps = 5;
  scan.carries = 2;
  scan.sequences = 1;
  std::vector<Value> results{outer.value({3}), outer.value({3}), outer.value({5, 3}), outer.value({5, 3})};
  outer.function.ops.push_back({scan, operands, results, 0});
  for (unsigned number : needed)
    outer.result(Port::Role::Show, "", results[number]);
  return outer.function;
}

static Names namesOf(const std::vector<Port> &ports) {
  Names names;
  for (const Port &port : ports)
    names.push_back(port.name);
  return names;
}

/// The loop that is left of a function's only one.
static const op::Scan &scanOf(const Function &function) { return std::get<op::Scan>(function.ops.at(0).code); }

TEST(Needed, KeepsWhatResultsDependOn) {
  Written written;
  Value x = written.argument(Port::Role::Field, "x", {2});
  Value a = written.add(sum, {x, x}, {2});
  written.add(sum, {a, a}, {2});
  Value c = written.add(sum, {a, x}, {2});
  written.result(Port::Role::Show, "c", c);
  Function function = needed(written.function);
  ASSERT_EQ(function.ops.size(), 2u);
  EXPECT_EQ(function.ops[0].result(), a);
  EXPECT_EQ(function.ops[1].result(), c);
}

TEST(Needed, DropsLoopsThatNothingReads) { EXPECT_TRUE(needed(loop({})).ops.empty()); }

TEST(Needed, DropsCarriesStacksAndInputsThatNothingReads) {
  Function function = needed(loop({2}));
  const op::Scan &scan = scanOf(function);
  EXPECT_EQ(namesOf(scan.body->arguments), (Names{"h", "x"}));
  EXPECT_EQ(namesOf(scan.body->results), (Names{"h", "h"}));
  EXPECT_EQ(scan.body->ops.size(), 1u);
  EXPECT_EQ(scan.carries, 1);
  EXPECT_EQ(scan.sequences, 1);
  EXPECT_EQ(function.ops[0].operands, (std::vector<Value>{0, 2}));
}

TEST(Needed, KeepsCarriesThatOtherResultsNeed) {
  Function function = needed(loop({3}));
  EXPECT_EQ(namesOf(scanOf(function).body->arguments), (Names{"h", "x", "u"}));
  EXPECT_EQ(namesOf(scanOf(function).body->results), (Names{"h", "y"}));
  function = needed(loop({1}));
  EXPECT_EQ(namesOf(scanOf(function).body->arguments), (Names{"c", "w"}));
  EXPECT_EQ(scanOf(function).sequences, 0);
}

/// An element of the first stack, as a result; nothing else is needed.
static Function elementOf(bool reverse, int64_t at) {
  Function function = loop({});
  auto &scan = std::get<op::Scan>(function.ops[0].code);
  scan.reverse = reverse;
  Written written{function};
  Value slice = written.add(op::Slice{{at, 0}, {at + 1, 3}}, {function.ops[0].results[2]}, {1, 3});
  written.result(Port::Role::Show, "", written.add(op::Reshape{}, {slice}, {3}));
  return needed(written.function);
}

TEST(Needed, ReadsTheLastElementFromItsCarry) {
  EXPECT_EQ(elementOf(false, 4).ops.size(), 1u);
  EXPECT_EQ(elementOf(false, 4).ops[0].results.size(), 1u);
  EXPECT_EQ(elementOf(false, 0).ops.size(), 3u);
  EXPECT_EQ(elementOf(true, 0).ops.size(), 1u);
  EXPECT_EQ(elementOf(true, 4).ops.size(), 3u);
}
