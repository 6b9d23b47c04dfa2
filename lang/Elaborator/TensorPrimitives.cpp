//===- TensorPrimitives.cpp - Contractions, movement, sources -------------===//

#include "lang/Elaborator/PrimitiveCalls.h"
#include "lang/Elaborator/TimeLoop.h"

#include <algorithm>

using namespace nacre::lang;

Tensor primitive::tensorArgument(Evaluator &e, PrimitiveCall &call, size_t index) {
  return e.emitter.tensorOf({call.site.scope, call.operands[index]->span}, call.operands[index]->term,
                            "'" + call.primitive.parameters[index].name + "' of '" + call.primitive.name + "'");
}

int64_t primitive::intArgument(Evaluator &e, PrimitiveCall &call, size_t index) {
  const Operand &operand = *call.operands[index];
  if (!operand.term.asInt())
    e.reporter.fail({call.site.scope, operand.span}, "'" + call.primitive.parameters[index].name + "' of '" +
                                                         call.primitive.name + "' must be an int, not " +
                                                         kindOf(operand.term));
  return *operand.term.asInt();
}

std::vector<int64_t> primitive::intsArgument(Evaluator &e, PrimitiveCall &call, size_t index) {
  const Operand &operand = *call.operands[index];
  return e.intsOf({call.site.scope, operand.span}, operand.term,
                  "'" + call.primitive.parameters[index].name + "' of '" + call.primitive.name + "'");
}

int64_t primitive::oneAxis(Evaluator &e, PrimitiveCall &call, const Tensor &tensor) {
  return e.positions(call.site, call.over, tensor).at(0);
}

static std::vector<int64_t> axesOrAll(Evaluator &e, PrimitiveCall &call, const Tensor &x) {
  if (call.hasOver)
    return e.positions(call.site, call.over, x);
  std::vector<int64_t> all;
  for (size_t i = 0; i < x.rank(); ++i)
    all.push_back(i);
  return all;
}

Term primitive::sum(Evaluator &e, PrimitiveCall &call) {
  if (auto *list = call.operands[0]->term.asList())
    return fold(e, call, *list, "sum");
  Tensor x = tensorArgument(e, call, 0);
  return e.emitter.reduce(call.site, ReduceKind::Sum, x, axesOrAll(e, call, x));
}

Term primitive::dot(Evaluator &e, PrimitiveCall &call) {
  Tensor a = tensorArgument(e, call, 0), b = tensorArgument(e, call, 1);
  if (!call.hasOver)
    e.reporter.fail(call.site, "dot needs the axes it sums over, as in dot(a, b over C)");
  return e.emitter.dot(call.site, {a, call.operands[0]->span}, {b, call.operands[1]->span},
                       e.positions(call.site, call.over, a));
}

/// A geometric argument, one entry for each spatial axis.
static std::vector<int64_t> spatial(Evaluator &e, PrimitiveCall &call, size_t index, int64_t fallback, size_t count) {
  constexpr int64_t largest = int64_t(1) << 31;
  if (!call.operands[index])
    return std::vector<int64_t>(count, fallback);
  std::vector<int64_t> values = primitive::intsArgument(e, call, index);
  if (call.operands[index]->term.asInt())
    values.assign(count, values[0]);
  const std::string &name = call.primitive.parameters[index].name;
  if (values.size() != count)
    e.reporter.fail({call.site.scope, call.operands[index]->span}, "'" + name + "' has " +
                                                                       std::to_string(values.size()) + " entries for " +
                                                                       std::to_string(count) + " spatial axes");
  for (int64_t value : values)
    if (std::abs(value) > largest)
      e.reporter.fail({call.site.scope, call.operands[index]->span}, "a " + name + " of " + std::to_string(value));
  return values;
}

static int64_t groupsOf(Evaluator &e, PrimitiveCall &call, size_t index) {
  return call.operands[index] ? primitive::intArgument(e, call, index) : 1;
}

Term primitive::conv(Evaluator &e, PrimitiveCall &call) {
  Operand x{tensorArgument(e, call, 0), call.operands[0]->span}, w{tensorArgument(e, call, 1), call.operands[1]->span};
  size_t axes = std::max<size_t>(x.term.asTensor()->rank(), 2) - 2;
  Geometry geometry;
  geometry.stride = spatial(e, call, 2, 1, axes);
  geometry.pad = spatial(e, call, 3, 0, axes);
  geometry.dilation = spatial(e, call, 4, 1, axes);
  geometry.groups = groupsOf(e, call, 5);
  return e.emitter.conv(call.site, x, w, geometry);
}

Term primitive::convTranspose(Evaluator &e, PrimitiveCall &call) {
  Operand x{tensorArgument(e, call, 0), call.operands[0]->span}, w{tensorArgument(e, call, 1), call.operands[1]->span};
  size_t axes = std::max<size_t>(x.term.asTensor()->rank(), 2) - 2;
  Geometry geometry;
  geometry.stride = spatial(e, call, 2, 1, axes);
  geometry.pad = spatial(e, call, 3, 0, axes);
  geometry.outputPad = spatial(e, call, 4, 0, axes);
  geometry.dilation = spatial(e, call, 5, 1, axes);
  geometry.groups = groupsOf(e, call, 6);
  return e.emitter.convTranspose(call.site, x, w, geometry);
}

Term primitive::window(Evaluator &e, PrimitiveCall &call) {
  Tensor x = tensorArgument(e, call, 0);
  if (x.rank() < 3)
    e.reporter.fail(call.site, "'" + call.primitive.name + "' needs x as [N, C, ...] with at least one spatial axis");
  Geometry geometry;
  geometry.kernel = spatial(e, call, 1, 1, x.rank() - 2);
  geometry.stride = call.operands[2] ? spatial(e, call, 2, 1, x.rank() - 2) : geometry.kernel;
  geometry.pad = spatial(e, call, 3, 0, x.rank() - 2);
  return e.emitter.window(call.site, call.primitive.name == "window_max" ? ReduceKind::Max : ReduceKind::Sum, x,
                          geometry);
}

Term primitive::reshape(Evaluator &e, PrimitiveCall &call) {
  return e.emitter.reshape(call.site, tensorArgument(e, call, 0), intsArgument(e, call, 1));
}

Term primitive::transpose(Evaluator &e, PrimitiveCall &call) {
  Tensor x = tensorArgument(e, call, 0);
  std::vector<int64_t> order = e.positions(call.site, call.over, x);
  if (order.size() != x.rank())
    e.reporter.fail(call.site, "transpose names all " + std::to_string(x.rank()) +
                                   " axes in their new order, as in transpose(x over B, A)");
  return e.emitter.transpose(call.site, x, order);
}

Term primitive::take(Evaluator &e, PrimitiveCall &call) {
  Tensor x = tensorArgument(e, call, 0);
  return e.emitter.take(call.site, x, *call.operands[1], oneAxis(e, call, x));
}

Term primitive::pad(Evaluator &e, PrimitiveCall &call) {
  Tensor x = tensorArgument(e, call, 0);
  return e.emitter.pad(call.site, x, oneAxis(e, call, x), intArgument(e, call, 1), intArgument(e, call, 2));
}

static std::vector<Tensor> tensorsArgument(Evaluator &e, PrimitiveCall &call) {
  const Operand &operand = *call.operands[0];
  const List *list = operand.term.asList();
  if (!list || list->empty())
    e.reporter.fail({call.site.scope, operand.span},
                    "'" + call.primitive.name + "' needs a list of tensors" +
                        (list ? ", and this list is empty" : ", not " + kindOf(operand.term)));
  std::vector<Tensor> result;
  for (const Term &element : *list)
    result.push_back(e.emitter.tensorOf({call.site.scope, operand.span}, element, "every element of the list"));
  return result;
}

Term primitive::concat(Evaluator &e, PrimitiveCall &call) {
  std::vector<Tensor> parts = tensorsArgument(e, call);
  return e.emitter.concat(call.site, parts, oneAxis(e, call, parts[0]));
}

Term primitive::stack(Evaluator &e, PrimitiveCall &call) {
  std::vector<Tensor> parts = tensorsArgument(e, call);
  std::optional<int64_t> axis = call.over[0].position;
  int64_t rank = parts[0].rank();
  if (!axis || *axis < 0 || *axis > rank)
    e.reporter.fail({call.site.scope, call.over[0].span},
                    "stack makes a new axis: give its position, 0.." + std::to_string(rank));
  return e.emitter.stack(call.site, parts, *axis);
}

Term primitive::expand(Evaluator &e, PrimitiveCall &call) {
  std::vector<int64_t> shape = intsArgument(e, call, 1);
  const Term &x = call.operands[0]->term;
  if (x.isNumber())
    return e.emitter.constant(call.site, DType::Float, {x.number()}, shape);
  return e.emitter.expand(call.site, tensorArgument(e, call, 0), shape);
}

Term primitive::index(Evaluator &e, PrimitiveCall &call) {
  Tensor x = tensorArgument(e, call, 0);
  return e.emitter.index(call.site, x, oneAxis(e, call, x));
}

/// The numbers of a nested list, row by row.
static void flatten(Evaluator &e, PrimitiveCall &call, const Term &term, size_t depth, std::vector<int64_t> &shape,
                    std::vector<double> &values, bool &bools) {
  if (!term.asList()) {
    if (depth != shape.size() || (!term.isNumber() && !term.asBool()))
      e.reporter.fail(call.site, "tensor(list) needs numbers, in rows of equal length; there is " + kindOf(term));
    bools = term.asBool();
    values.push_back(bools ? double(*term.asBool()) : term.number());
    return;
  }
  int64_t size = term.asList()->size();
  if (values.empty() && depth == shape.size())
    shape.push_back(size);
  else if (depth >= shape.size() || shape[depth] != size)
    e.reporter.fail(call.site, "tensor(list) needs rows of equal length");
  for (const Term &element : *term.asList())
    flatten(e, call, element, depth + 1, shape, values, bools);
}

Term primitive::tensor(Evaluator &e, PrimitiveCall &call) {
  std::vector<int64_t> shape;
  std::vector<double> values;
  bool bools = false;
  if (call.operands[0]->term.asTensor())
    return call.operands[0]->term;
  flatten(e, call, call.operands[0]->term, 0, shape, values, bools);
  return e.emitter.constant(call.site, bools ? DType::Bool : DType::Float, std::move(values), shape);
}

Term primitive::random(Evaluator &e, PrimitiveCall &call) {
  if (TimeLoop *loop = call.context.loop; loop && !loop->isBody(e.emitter.graph))
    throw Refusal{}; // What is drawn anew in every step cannot be made once outside.
  unsigned ordinal = 0;
  if (const BodyInfo *info = call.site.scope->info; info && call.expr)
    if (auto found = info->ordinals.find(call.expr); found != info->ordinals.end())
      ordinal = found->second;
  std::string step = "/" + (call.expr ? calleeName(*call.expr) : "random") + "#" + std::to_string(ordinal);
  return e.emitter.random(call.site, intsArgument(e, call, 0), call.context.stream + step);
}

Term primitive::total(Evaluator &e, PrimitiveCall &call) {
  Tensor x = tensorArgument(e, call, 0);
  Pass &pass = *e.pass;
  if (call.context.loop)
    throw Refusal{"they sum over the whole pass"};
  if (!pass.finish || pass.metric.empty())
    e.reporter.fail(call.site, "total(x) has a meaning in a metric only: the sum over all batches of the pass");
  if (x.graph != pass.graph)
    e.reporter.fail(call.site, "this is a total already");
  if (x.type.dtype != DType::Float)
    e.reporter.fail(call.site, "total sums floats; float(x) converts");
  std::string name = pass.metric + "." + std::to_string(pass.totals++);
  pass.graph->addResult(Port::Role::Total, name, x.value);
  Tensor result = x;
  result.graph = pass.finish;
  result.value = pass.finish->addArgument(Port::Role::Total, name, x.type);
  return result;
}
