//===- TimeLoop.cpp - Bodies, carries and stacks of loops -----------------===//

#include "lang/Elaborator/TimeLoop.h"

#include "lang/Elaborator/LoopForm.h"

#include <algorithm>

using namespace nacre::lang;

TimeLoop::TimeLoop(Evaluator &evaluator, Scope &scope, const FamilyPart &part, std::set<std::string> &tensors)
    : scope(scope), parent(*evaluator.homeOf(scope)), e(evaluator), root(*part.definition.statement), low(part.low),
      high(part.high), tensors(tensors), body(parent, "") {}

Term nacre::lang::mapLeaves(const Term &term, const std::function<Term(const Term &leaf, const std::string &name)> &map,
                            const std::string &name) {
  if (!term.asList())
    return map(term, name);
  List list;
  for (const Term &element : *term.asList())
    list.push_back(mapLeaves(element, map, name + "." + std::to_string(list.size())));
  return list;
}

static std::string nameOfElement(const std::string &family, int64_t index) {
  return family + "[" + std::to_string(index) + "]";
}

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

std::vector<const Statement *> TimeLoop::members() const {
  std::vector<const Statement *> result;
  for (auto &[statement, slot] : slots)
    result.push_back(statement);
  std::sort(result.begin(), result.end(), [](auto *a, auto *b) { return a->span.begin < b->span.begin; });
  return result;
}

const std::vector<Term> &TimeLoop::values(const Statement &statement) {
  Slot &slot = slots[&statement];
  if (slot.state == Slot::State::Ready)
    return slot.values;
  if (slot.state == Slot::State::Busy)
    throw Refusal{}; // An element that needs itself.
  slot.state = Slot::State::Busy;
  scope.loops[&statement].state = LoopPlan::State::Busy;
  if (!loopForm(statement, *scope.info).subscriptsOnly)
    throw Refusal{};
  checkAlone(statement);
  EmitInto into(e.emitter, &body);
  Context context = e.contextOf(scope, statement.span);
  context.order.back() = low;
  Local variable{nullptr, &statement.binding->name, {}, this};
  context.locals = &variable;
  context.loop = this;
  slot.values = e.valuesOf(statement, context);
  slot.state = Slot::State::Ready;
  return slot.values;
}

/// Elements that another equation defines as well are an error, which depth reports.
void TimeLoop::checkAlone(const Statement &statement) {
  for (const Target &target : statement.targets)
    for (const FamilyPart &part : e.familyParts(scope, scope.info->names.at(target.name.text)))
      if (part.definition.statement != &statement && part.low <= high && part.high >= low)
        throw Refusal{};
}

bool TimeLoop::reaches(const Statement &from, std::set<const Statement *> &seen) const {
  for (const std::string &family : loopForm(from, *scope.info).families)
    for (const Definition &definition : scope.info->names.at(family).definitions) {
      const Statement &next = *definition.statement;
      if (&next == &root || (next.binding && seen.insert(&next).second && reaches(next, seen)))
        return true;
    }
  return false;
}

bool TimeLoop::belongs(const FamilyPart &part) {
  if (!part.quantified || part.low != low || part.high != high)
    return false;
  const Statement &statement = *part.definition.statement;
  std::set<const Statement *> seen;
  return slots.count(&statement) ||
         (scope.loops[&statement].state == LoopPlan::State::Unknown && reaches(statement, seen));
}

Term TimeLoop::familyAt(const std::string &name, const Entry &family, int64_t offset, Span use) {
  for (const FamilyPart &part : e.familyParts(scope, family))
    if (std::abs(offset) < steps() && belongs(part))
      return offset ? carried(name, family, part.definition, offset, use) : value(part.definition);
  return elementsOf(name, family, offset, use);
}

void TimeLoop::build() {
  values(root);
  for (size_t i = 0; i < chains.size(); ++i) // A value may begin further chains.
    value(chains[i].definition);
  std::map<Value, Value> next;
  for (const Chain &chain : chains)
    close(chain, next);
  for (const Port &port : body.function.arguments)
    if (port.role == Port::Role::Carry)
      body.addResult(Port::Role::Carry, port.name, next.at(port.value));

  op::Scan code;
  std::string owner = scope.block ? "" : scope.name + "."; // A block is named by its path.
  body.function.name = scope.path + (scope.path.empty() ? "" : ".") + owner;
  for (const Statement *member : members())
    for (const Target &target : member->targets) {
      body.function.name += (code.families.empty() ? "" : ".") + target.name.text;
      code.families.push_back(owner + target.name.text);
    }
  code.steps = steps();
  code.reverse = reverse.value_or(false);
  code.recompute = e.recomputeOf(*this);
  parent.addLoop(std::move(code), body, e.emitter.frameAt({&scope, root.span}));
}

//===----------------------------------------------------------------------===//
// Carries
//===----------------------------------------------------------------------===//

Term TimeLoop::carried(const std::string &name, const Entry &family, const Definition &definition, int64_t offset,
                       Span use) {
  bool backwards = offset > 0;
  if (reverse.value_or(backwards) != backwards)
    throw Refusal{"a step needs elements before and after it"};
  reverse = backwards;
  auto found = std::find_if(chains.begin(), chains.end(), [&](const Chain &chain) {
    return chain.definition.statement == definition.statement && chain.definition.target == definition.target;
  });
  Chain &chain = found != chains.end() ? *found : chains.emplace_back(Chain{definition, {}});
  while (chain.links.size() < static_cast<size_t>(std::abs(offset))) {
    int64_t distance = chain.links.size() + 1, index = backwards ? high + distance : low - distance;
    EmitInto into(e.emitter, &parent);
    Site site{&scope, use};
    std::string port = name;
    if (distance > 1)
      port += std::string("[") + definition.statement->binding->name.text + (backwards ? " + " : " - ") +
              std::to_string(distance) + "]";
    Term initial = e.familyElement(scope, name, family, index, use);
    Term link = mapLeaves(initial, [&](const Term &leaf, const std::string &suffix) -> Term {
      if (!leaf.asTensor() && !(leaf.isNumber() && tensors.count(name + suffix)))
        return leaf;
      return argument(Port::Role::Carry, port + suffix, site, e.emitter.tensorOf(site, leaf, name));
    });
    if (distance > 1)
      agree(link, chain.links[0], {nameOfElement(name, index), nameOfElement(name, backwards ? high + 1 : low - 1)},
            name);
    chain.links.push_back(std::move(link));
  }
  return chain.links[std::abs(offset) - 1];
}

std::string ElementPair::operator()(const Term &a, const Term &b) const {
  return first + " is " + spell(a) + ", " + second + " is " + spell(b);
}

/// Would `expand` make of one what the other is?
static bool expands(const Term &from, const Tensor &to) {
  const Tensor *tensor = from.asTensor();
  if (!tensor)
    return from.isNumber() && to.type.dtype == DType::Float;
  bool fits = tensor->type.dtype == to.type.dtype && (tensor->rank() == 0 || tensor->rank() == to.rank());
  for (size_t i = 0; fits && i < tensor->rank(); ++i)
    fits = tensor->type.shape[i] == 1 || tensor->type.shape[i] == to.type.shape[i];
  return fits;
}

void TimeLoop::agree(const Term &before, const Term &after, const ElementPair &names, const std::string &leaf) {
  const List *a = before.asList(), *b = after.asList();
  if (a && b && a->size() == b->size()) {
    for (size_t i = 0; i < a->size(); ++i) {
      std::string number = std::to_string(i), subscript = "[" + number + "]";
      agree((*a)[i], (*b)[i], {names.first + subscript, names.second + subscript}, leaf + "." + number);
    }
    return;
  }
  const Tensor *tensor = after.asTensor();
  if (before.asTensor() && tensor && before.asTensor()->type == tensor->type)
    return;
  if (before.isNumber() && tensor && tensor->type == TensorType{} && tensors.insert(leaf).second)
    throw Refusal{"", true};
  if (tensor && (before.asTensor() || before.isNumber()))
    throw Refusal{names(before, after) + (expands(before, *tensor) ? ": expand it" : "")};
  if (before.asTensor() || tensor || a || b || !sameTerm(before, after))
    throw Refusal{};
}

/// What the carries of a chain are in the next step.
void TimeLoop::close(const Chain &chain, std::map<Value, Value> &next) {
  const Target &target = chain.definition.where();
  const std::string &name = target.name.text;
  int64_t first = reverse.value_or(false) ? high : low, before = reverse.value_or(false) ? high + 1 : low - 1;
  Site site{&scope, target.name.span};
  const Term *successor = &value(chain.definition);
  agree(chain.links[0], *successor, {nameOfElement(name, before), nameOfElement(name, first)}, name);
  for (const Term &link : chain.links) {
    std::map<std::string, Tensor> values;
    mapLeaves(*successor, [&](const Term &leaf, const std::string &suffix) {
      if (leaf.asTensor())
        values[suffix] = *leaf.asTensor();
      return leaf;
    });
    mapLeaves(link, [&](const Term &leaf, const std::string &suffix) {
      if (leaf.asTensor())
        next[leaf.asTensor()->value] = e.emitter.imported(site, body, values.at(suffix));
      return leaf;
    });
    successor = &link;
  }
}

//===----------------------------------------------------------------------===//
// What is needed outside
//===----------------------------------------------------------------------===//

Tensor TimeLoop::stackOf(const Tensor &slice, const std::string &name) {
  auto [found, isNew] = stacks.try_emplace(slice.value, slice);
  Tensor &stack = found->second;
  if (isNew) {
    stack.graph = &parent;
    stack.value = parent.addStack(body, name, slice.value);
    stack.type = parent.type(stack.value);
    stack.axes.insert(stack.axes.begin(), AxisId(0));
  }
  return stack;
}

Term TimeLoop::element(const Definition &definition, int64_t index, Span use) {
  auto [found, isNew] = elements.try_emplace({definition.statement, definition.target, index});
  if (!isNew)
    return found->second;
  EmitInto into(e.emitter, &parent);
  return found->second = mapLeaves(value(definition), [&](const Term &leaf, const std::string &suffix) -> Term {
           const Tensor *slice = leaf.asTensor();
           if (!slice || slice->graph != &body)
             return leaf; // The same in every step.
           Tensor stack = stackOf(*slice, definition.where().name.text + suffix);
           Tensor result = e.emitter.element({&scope, use}, stack, 0, index - low);
           result.origin = slice->origin;
           return result;
         });
}
