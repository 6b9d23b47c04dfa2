//===- ListPrimitives.cpp - Lists, shapes, texts and what is known --------===//

#include "lang/Elaborator/Number.h"
#include "lang/Elaborator/PrimitiveCalls.h"

#include <algorithm>

using namespace nacre::lang;

Term primitive::length(Evaluator &e, PrimitiveCall &call) {
  const Term &list = call.operands[0]->term;
  if (!list.asList())
    e.reporter.fail(call.site, "len is for lists, not " + kindOf(list) +
                                   (list.asTensor() ? "; shape(x) is the list of its sizes" : ""));
  return int64_t(list.asList()->size());
}

Term primitive::fold(Evaluator &e, PrimitiveCall &call, const List &list, const std::string &name) {
  if (call.hasOver)
    e.reporter.fail(call.site, "a list has no axes: 'over' is for tensors");
  bool sums = name == "sum", multiplies = name == "product";
  if (list.empty()) {
    if (!sums && !multiplies)
      e.reporter.fail(call.site, "'" + name + "' of an empty list");
    return int64_t(multiplies);
  }
  Span span = call.operands[0]->span;
  Term result = list[0];
  for (size_t i = 0; i < list.size(); ++i) {
    const Term &next = list[i];
    if (!next.isNumber() && !next.asTensor())
      e.reporter.fail(call.site, "'" + name + "' of a list needs numbers or tensors, and this one has " + kindOf(next));
    if (i == 0)
      continue;
    if (result.isNumber() && next.isNumber())
      result = sums || multiplies
                   ? arithmetic(e.reporter, call.site, sums ? BinaryOp::Add : BinaryOp::Mul, result, next)
                   : numberFunction(e.reporter, call.site, name, {result, next});
    else
      result = e.emitter.elementwise(call.site,
                                     sums            ? ScalarFn::Add
                                     : multiplies    ? ScalarFn::Mul
                                     : name == "max" ? ScalarFn::Max
                                                     : ScalarFn::Min,
                                     "folded", {{result, span}, {next, span}});
  }
  return result;
}

Term primitive::product(Evaluator &e, PrimitiveCall &call) {
  const Term &list = call.operands[0]->term;
  if (list.isNumber())
    return list; // Of one axis: its size.
  if (!list.asList())
    e.reporter.fail(call.site, "product is for lists, not " + kindOf(list));
  return fold(e, call, *list.asList(), "product");
}

Term primitive::shape(Evaluator &e, PrimitiveCall &call) {
  Tensor x = tensorArgument(e, call, 0);
  return List(x.type.shape.begin(), x.type.shape.end());
}

Term primitive::each(Evaluator &e, PrimitiveCall &call) {
  constexpr int64_t longest = 1 << 20;
  const Term &value = call.operands[0]->term;
  int64_t count = intArgument(e, call, 1);
  if (count < 0 || count > longest)
    e.reporter.fail(call.site, "each(v, n) makes a list of n elements, and n is " + std::to_string(count));
  if (!value.asList())
    return List(count, value);
  if (static_cast<int64_t>(value.asList()->size()) != count)
    e.reporter.fail({call.site.scope, call.operands[0]->span},
                    "this list has " + std::to_string(value.asList()->size()) + " elements where one number or " +
                        std::to_string(count) + " are wanted");
  return value;
}

bool primitive::matchesPattern(const std::string &text, const std::string &pattern) {
  // Backtracks to the last star only: that is enough, and linear but for it.
  size_t t = 0, p = 0, star = std::string::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + p, pattern.end(), [](char c) { return c == '*'; });
}

Term primitive::matches(Evaluator &e, PrimitiveCall &call) {
  for (const std::optional<Operand> &operand : call.operands)
    if (!operand->term.asString())
      e.reporter.fail({call.site.scope, operand->span},
                      "matches(text, pattern) needs strings, not " + kindOf(operand->term));
  return matchesPattern(*call.operands[0]->term.asString(), *call.operands[1]->term.asString());
}

Term primitive::known(Evaluator &e, PrimitiveCall &call) {
  const Term &x = call.operands[0]->term;
  if (!x.asTensor())
    return x;
  const Tensor &tensor = *x.asTensor();
  const Op *op = tensor.rank() == 0 ? tensor.graph->producer(tensor.value) : nullptr;
  if (auto *constant = op ? std::get_if<op::Constant>(&op->code) : nullptr; constant && tensor.type.dtype == DType::Float)
    return constant->values[0];
  if (auto *control = op ? std::get_if<op::Control>(&op->code) : nullptr; control && control->name == "steps")
    if (std::optional<int64_t> steps = e.settings->steps)
      return *steps;
  return Term();
}
