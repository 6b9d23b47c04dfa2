//===- Needed.cpp - A function without what nothing needs -----------------===//

#include "lang/Elaborator/Needed.h"

#include <algorithm>

using namespace nacre::lang;
using op::Scan;

static bool isAny(const std::vector<Value> &values, const std::vector<bool> &marked) {
  return std::any_of(values.begin(), values.end(), [&](Value value) { return marked[value]; });
}

/// Marks what the marked values are made of.
static void markSources(const Function &function, std::vector<bool> &marked) {
  for (auto op = function.ops.rbegin(); op != function.ops.rend(); ++op)
    if (isAny(op->results, marked))
      for (Value operand : op->operands)
        marked[operand] = true;
}

//===----------------------------------------------------------------------===//
// The last elements of stacks
//===----------------------------------------------------------------------===//

namespace {
/// Reads the last elements of stacks from the carries that have the same value.
class LastElements {
public:
  explicit LastElements(Function &function) : function(function), same(function.values.size()) {
    for (size_t i = 0; i < same.size(); ++i)
      same[i] = i;
  }

  void run() {
    for (Op &op : function.ops) {
      for (Value &operand : op.operands)
        operand = same[operand];
      if (auto *scan = std::get_if<Scan>(&op.code))
        enter(op, *scan);
      else if (auto *slice = std::get_if<op::Slice>(&op.code))
        follow(op.operands[0], *slice, op.result());
      else if (std::holds_alternative<op::Reshape>(op.code))
        replace(op.operands[0], op.result());
    }
    for (Port &port : function.results)
      port.value = same[port.value];
  }

private:
  struct Stack {
    Value last;
    int64_t at; ///< The index of the last step.
  };

  void enter(const Op &op, const Scan &scan) {
    const std::vector<Port> &results = scan.body->results;
    for (size_t stack = scan.carries; stack < results.size(); ++stack)
      for (int64_t carry = 0; carry < scan.carries; ++carry)
        if (results[carry].value == results[stack].value)
          stacks.emplace(op.results[stack], Stack{op.results[carry], scan.reverse ? 0 : scan.steps - 1});
  }

  void follow(Value from, const op::Slice &slice, Value result) {
    auto stack = stacks.find(from);
    if (stack != stacks.end() && slice.start[0] == stack->second.at && slice.limit[0] == stack->second.at + 1)
      slices.emplace(result, stack->second.last);
  }

  void replace(Value from, Value result) {
    auto slice = slices.find(from);
    if (slice != slices.end() && function.values[slice->second] == function.values[result])
      same[result] = slice->second;
  }

  Function &function;
  std::vector<Value> same; ///< What to read instead, by value.
  std::map<Value, Stack> stacks;
  std::map<Value, Value> slices; ///< Last elements, as slices with a leading axis of size 1.
};
} // namespace

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Which results of a body are needed if some of its loop's are: carries as well that a needed one is made of.
static std::vector<bool> neededResults(const Function &body, const Scan &scan, std::vector<bool> results) {
  for (bool grows = true; grows;) {
    std::vector<bool> marked(body.values.size());
    for (size_t i = 0; i < results.size(); ++i)
      if (results[i])
        marked[body.results[i].value] = true;
    markSources(body, marked);
    grows = false;
    for (int64_t carry = 0; carry < scan.carries; ++carry)
      if (!results[carry] && marked[body.arguments[carry].value])
        results[carry] = grows = true;
  }
  return results;
}

template <typename T> static void keep(std::vector<T> &elements, const std::vector<bool> &kept) {
  size_t count = 0;
  for (size_t i = 0; i < kept.size(); ++i)
    if (kept[i])
      elements[count++] = elements[i];
  elements.resize(count);
}

/// Reduces a loop to what gives the marked values.
static void reduce(Op &op, const std::vector<bool> &marked) {
  Scan &scan = std::get<Scan>(op.code);
  Function body = *scan.body;
  std::vector<bool> results;
  for (Value result : op.results)
    results.push_back(marked[result]);
  results = neededResults(body, scan, std::move(results));
  keep(op.results, results);
  keep(body.results, results);
  body = needed(std::move(body));

  std::vector<bool> used(body.values.size()), arguments(results.begin(), results.begin() + scan.carries);
  for (const Op &inner : body.ops)
    for (Value operand : inner.operands)
      used[operand] = true;
  for (const Port &result : body.results)
    used[result.value] = true;
  for (size_t i = scan.carries; i < body.arguments.size(); ++i)
    arguments.push_back(used[body.arguments[i].value]);
  auto sequences = arguments.begin() + scan.carries, invariants = sequences + scan.sequences;
  scan.carries = std::count(arguments.begin(), sequences, true);
  scan.sequences = std::count(sequences, invariants, true);
  keep(op.operands, arguments);
  keep(body.arguments, arguments);
  scan.body = std::make_shared<const Function>(std::move(body));
}

Function nacre::lang::needed(Function function) {
  LastElements(function).run();
  std::vector<bool> marked(function.values.size());
  for (const Port &port : function.results)
    marked[port.value] = true;
  std::vector<Op> ops;
  for (auto op = function.ops.rbegin(); op != function.ops.rend(); ++op) {
    if (!isAny(op->results, marked))
      continue;
    if (std::holds_alternative<Scan>(op->code))
      reduce(*op, marked);
    for (Value operand : op->operands)
      marked[operand] = true;
    ops.push_back(std::move(*op));
  }
  std::reverse(ops.begin(), ops.end());
  function.ops = std::move(ops);
  return function;
}
