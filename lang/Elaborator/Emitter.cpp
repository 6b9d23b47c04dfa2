//===- Emitter.cpp - Appending operations to the graph --------------------===//

#include "lang/Elaborator/Emitter.h"

#include <algorithm>

using namespace nacre::lang;

/// No machine holds more; a larger product of sizes is a mistake.
static constexpr int64_t maxElements = int64_t(1) << 40;

std::optional<int64_t> nacre::lang::product(const std::vector<int64_t> &sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    if (__builtin_mul_overflow(result, size, &result))
      return std::nullopt;
  return result;
}

Tensor Emitter::emit(const Site &site, OpCode code, const std::vector<Tensor> &operands, TensorType type,
                     std::vector<AxisId> names) {
  for (int64_t size : type.shape)
    if (size < 1)
      reporter.fail(site, "the result would have an axis of size " + std::to_string(size));
  std::optional<int64_t> elements = product(type.shape);
  Tensor result{nullptr, 0, type, std::move(names), site.span};
  if (!elements || *elements > maxElements)
    reporter.fail(site, "the result would be " + spell(result) + ": more than 2^40 elements");
  // What depends on a sum over the whole pass is computed after it.
  Graph *into = graph;
  for (const Tensor &operand : operands)
    if (operand.graph->kind == Graph::Kind::Finish)
      into = operand.graph;
  std::vector<Value> values;
  for (const Tensor &operand : operands)
    values.push_back(imported(site, *into, operand));
  result.graph = into;
  result.value = into->add(std::move(code), std::move(values), std::move(type), frameAt(site));
  return result;
}

/// The text of an expression on one line, shortened.
static std::string excerpt(std::string_view source) {
  constexpr size_t longest = 48;
  std::string text;
  for (char c : source)
    if (c != '\n' && c != ' ')
      text += c;
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
  return text.size() > longest ? text.substr(0, longest - 4) + " ..." : text;
}

/// Can it be had anywhere for nothing?
static bool isSplat(const Op *op) {
  auto *constant = op ? std::get_if<op::Constant>(&op->code) : nullptr;
  return constant && constant->values.size() == 1;
}

Value Emitter::imported(const Site &site, Graph &into, const Tensor &tensor) {
  if (tensor.graph == &into)
    return tensor.value;
  auto &copies = into.copies[tensor.graph];
  if (auto found = copies.find(tensor.value); found != copies.end())
    return found->second;
  const Op *op = tensor.graph->producer(tensor.value);
  if (into.parent && !isSplat(op)) {
    // What a loop's body needs from outside is the same in every step.
    Tensor outer{into.parent, imported(site, *into.parent, tensor), tensor.type, {}, tensor.origin};
    auto [found, isNew] = into.copies[into.parent].try_emplace(outer.value);
    if (isNew)
      found->second = into.addArgument(Port::Role::Invariant, nameOf(outer), outer.value);
    return into.copies[tensor.graph][tensor.value] = found->second;
  }
  if (!op)
    return into.copies[tensor.graph][tensor.value] = importedArgument(site, into, tensor);
  return made(site, into, tensor, *op);
}

Value Emitter::importedArgument(const Site &site, Graph &into, const Tensor &tensor) {
  Graph &from = *tensor.graph;
  if (from.parent && from.argument(tensor.value).role == Port::Role::Invariant)
    return imported(site, into, {from.parent, from.outside.at(tensor.value), tensor.type, {}, tensor.origin});
  return importArgument(site, into, tensor);
}

Value Emitter::made(const Site &site, Graph &into, const Tensor &tensor, const Op &op) {
  Graph &from = *tensor.graph;
  OpCode code = from.codeOf(op);
  const std::vector<Value> sources = op.operands, results = op.results;
  uint32_t frame = op.frame;
  std::vector<Value> operands;
  for (Value source : sources)
    operands.push_back(imported(site, into, {&from, source, from.type(source), {}, tensor.origin}));
  std::vector<TensorType> types;
  for (Value result : results)
    types.push_back(from.type(result));
  std::vector<Value> made = into.add(std::move(code), std::move(operands), std::move(types), frame);
  for (size_t i = 0; i < results.size(); ++i)
    into.copies[&from][results[i]] = made[i];
  return into.copies[&from][tensor.value];
}

std::string Emitter::nameOf(const Tensor &tensor) const {
  const Op *op = tensor.graph->producer(tensor.value);
  if (!op)
    return tensor.graph->argument(tensor.value).name;
  if (auto *control = std::get_if<op::Control>(&op->code))
    return control->name;
  return tensor.origin.file == noFile ? "" : excerpt(reporter.sources.text(tensor.origin));
}

Tensor Emitter::constant(const Site &site, DType dtype, std::vector<double> values, std::vector<int64_t> shape,
                         std::vector<AxisId> names) {
  names.resize(shape.size());
  return emit(site, op::Constant{std::move(values)}, {}, {dtype, std::move(shape)}, std::move(names));
}

Tensor Emitter::tensorOf(const Site &site, const Term &term, const std::string &what) {
  if (auto *tensor = term.asTensor())
    return *tensor;
  if (auto *truth = term.asBool())
    return constant(site, DType::Bool, {*truth ? 1.0 : 0.0}, {});
  if (!term.isNumber())
    reporter.fail(site, what + " must be a tensor, but it is " + kindOf(term));
  return constant(site, DType::Float, {term.number()}, {});
}

uint32_t Emitter::frameAt(const Site &site) {
  Span span = site.span.file == noFile && site.scope ? site.scope->call : site.span;
  uint32_t key = span.begin ^ (span.file << 24);
  if (auto found = site.scope->frames.find(key); found != site.scope->frames.end())
    return found->second;
  Frame frame;
  if (span.file != noFile) {
    frame.file = reporter.sources.path(span.file);
    LineColumn at = reporter.sources.position(span.file, span.begin);
    frame.line = at.line;
    frame.column = at.column;
  }
  frame.path = site.scope->path;
  frame.parent = site.scope->caller ? static_cast<int32_t>(site.scope->frame) : -1;
  frames.push_back(std::move(frame));
  return site.scope->frames[key] = static_cast<uint32_t>(frames.size() - 1);
}

std::string Emitter::spell(const Tensor &tensor) const {
  std::string text = tensor.type.dtype == DType::Float ? "[" : dtypeName(tensor.type.dtype) + "[";
  for (size_t i = 0; i < tensor.rank(); ++i) {
    const std::string &name = i < tensor.axes.size() ? axes.name(tensor.axes[i]) : axes.name(0);
    text += (i ? ", " : "") + (name.empty() ? "" : name + "=") + std::to_string(tensor.type.shape[i]);
  }
  return text + "]";
}

std::string Emitter::describe(const Tensor &tensor, Span operand) const {
  Span origin = tensor.origin;
  bool here = origin.file == operand.file && origin.begin >= operand.begin && origin.end <= operand.end;
  if (origin.file == noFile || here)
    return spell(tensor);
  std::string place = ", line " + std::to_string(reporter.sources.line(origin));
  if (origin.file != operand.file)
    place = ", " + reporter.sources.location(origin);
  return spell(tensor) + ", from " + excerpt(reporter.sources.text(origin)) + place;
}
