//===- Primitive.cpp - The table of primitives ----------------------------===//

#include "lang/Elaborator/Primitive.h"

#include "lang/Elaborator/PrimitiveCalls.h"

#include <map>

using namespace nacre::lang;

using Table = std::map<std::string, Primitive>;

static void add(Table &table, std::string name, std::vector<PrimitiveParameter> parameters,
                Term (*call)(Evaluator &, PrimitiveCall &), OverRule over = OverRule::None) {
  table[name] = {name, std::move(parameters), over, call};
}

static Table makeTable() {
  Table table;
  for (const char *name :
       {"exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "abs", "sign", "floor", "ceil", "round"})
    add(table, name, {{"x"}}, primitive::unary);
  add(table, "max", {{"a"}, {"b", false}}, primitive::extremum, OverRule::Any);
  add(table, "min", {{"a"}, {"b", false}}, primitive::extremum, OverRule::Any);
  add(table, "where", {{"condition"}, {"a"}, {"b"}}, primitive::where);
  add(table, "float", {{"x"}}, primitive::convert);
  add(table, "int", {{"x"}}, primitive::convert);
  add(table, "stop_gradient", {{"x"}}, primitive::stopGradient);

  add(table, "sum", {{"x"}}, primitive::sum, OverRule::Any);
  add(table, "dot", {{"a"}, {"b"}}, primitive::dot, OverRule::Any);
  add(table, "conv", {{"x"}, {"w"}, {"stride", false}, {"pad", false}, {"dilation", false}, {"groups", false}},
      primitive::conv);
  add(table, "conv_transpose",
      {{"x"}, {"w"}, {"stride", false}, {"pad", false}, {"output_pad", false}, {"dilation", false}, {"groups", false}},
      primitive::convTranspose);
  add(table, "window_sum", {{"x"}, {"kernel"}, {"stride", false}, {"pad", false}}, primitive::window);
  add(table, "window_max", {{"x"}, {"kernel"}, {"stride", false}, {"pad", false}}, primitive::window);

  add(table, "reshape", {{"x"}, {"shape"}}, primitive::reshape);
  add(table, "transpose", {{"x"}}, primitive::transpose, OverRule::Any);
  add(table, "take", {{"x"}, {"indices"}}, primitive::take, OverRule::One);
  add(table, "pad", {{"x"}, {"before"}, {"after"}}, primitive::pad, OverRule::One);
  add(table, "concat", {{"xs"}}, primitive::concat, OverRule::One);
  add(table, "stack", {{"xs"}}, primitive::stack, OverRule::One);
  add(table, "expand", {{"x"}, {"shape"}}, primitive::expand);
  add(table, "index", {{"x"}}, primitive::index, OverRule::One);
  add(table, "tensor", {{"list"}}, primitive::tensor);
  add(table, "random", {{"shape"}}, primitive::random);
  add(table, "total", {{"x"}}, primitive::total);

  add(table, "len", {{"list"}}, primitive::length);
  add(table, "product", {{"list"}}, primitive::product);
  add(table, "shape", {{"x"}}, primitive::shape);
  add(table, "each", {{"value"}, {"n"}}, primitive::each);
  add(table, "matches", {{"text"}, {"pattern"}}, primitive::matches);
  add(table, "known", {{"x"}}, primitive::known);
  return table;
}

static const Table &table() {
  static const Table table = makeTable();
  return table;
}

const Primitive *nacre::lang::findPrimitive(const std::string &name) {
  auto found = table().find(name);
  return found == table().end() ? nullptr : &found->second;
}

std::vector<std::string> nacre::lang::primitiveNames() {
  std::vector<std::string> names;
  for (auto &[name, primitive] : table())
    names.push_back(name);
  return names;
}

Term Evaluator::callPrimitive(const Callable &function, CallRequest &request,
                              std::vector<std::optional<Operand>> operands) {
  const Primitive &primitive = *function.primitive;
  PrimitiveCall call{{request.context.scope, request.span},
                     request.context,
                     request.expr,
                     primitive,
                     std::move(operands),
                     std::move(request.over),
                     request.hasOver};
  if (request.label)
    reporter.fail(call.site, "'" + primitive.name + "' owns nothing, so it needs no label");
  if (call.hasOver && primitive.over == OverRule::None)
    reporter.fail(call.site, "'" + primitive.name + "' has no 'over'");
  if (primitive.over == OverRule::One && call.over.size() != 1)
    reporter.fail(call.site, "'" + primitive.name + "' works over exactly one axis: say which, as in 'over C'");
  return primitive.call(*this, call);
}

Term Evaluator::callExtern(const Callable &function, CallRequest &request,
                           std::vector<std::optional<Operand>> operands) {
  const Signature &signature = function.declaration->function->signature;
  Site site{request.context.scope, request.span};
  Context context{request.context.scope, nullptr, {}, ""};
  Pipeline pipeline;
  PipelineStep step{nameOf(function), {}};
  for (size_t i = 0; i < signature.parameters.size(); ++i) {
    const Parameter &parameter = signature.parameters[i];
    Term term = operands[i] ? operands[i]->term : eval(*parameter.value, context);
    // The first parameter of an operation is what it works on.
    if (i == 0 && parameter.name.text == "d") {
      if (!term.asPipeline())
        reporter.fail(site, "'" + step.name + "' works on samples of a data pipeline, not on " + kindOf(term));
      pipeline = *term.asPipeline();
      continue;
    }
    if (parameter.type)
      term = typed(term, *parameter.type, context, site, parameter.name.text);
    step.arguments.push_back({parameter.name.text, datumOf(site, term)});
  }
  pipeline.steps.push_back(std::move(step));
  return pipeline;
}

Datum Evaluator::datumOf(const Site &site, const Term &term) {
  Datum datum;
  if (auto *number = term.asInt())
    datum.value = *number;
  else if (auto *number = term.asFloat())
    datum.value = *number;
  else if (auto *truth = term.asBool())
    datum.value = *truth;
  else if (auto *text = term.asString())
    datum.value = *text;
  else if (auto *list = term.asList()) {
    std::vector<Datum> elements;
    for (const Term &element : *list)
      elements.push_back(datumOf(site, element));
    datum.value = std::move(elements);
  } else if (!term.isNone()) {
    reporter.fail(site, "this must be a number, a bool, a string or a list of these, not " + kindOf(term));
  }
  return datum;
}
