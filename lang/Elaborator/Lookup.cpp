//===- Lookup.cpp - Names, equations, families ----------------------------===//

#include "lang/Elaborator/Configs.h"
#include "lang/Elaborator/TimeLoop.h"
#include "lang/Elaborator/Variables.h"

#include <algorithm>
#include <numbers>

using namespace nacre::lang;

/// More elements than this, and a program is a mistake.
static constexpr int64_t maxFamilyElements = 100'000;

/// An equation that is being evaluated; if that fails, it is as if it had not been tried.
class Evaluator::Evaluating {
public:
  Evaluating(Evaluator &e, Slot &slot, Active step, Graph *home) : e(e), slot(slot), into(e.emitter, home) {
    slot.state = Slot::State::Busy;
    e.active.push_back(std::move(step));
  }
  ~Evaluating() {
    e.active.pop_back();
    if (slot.state == Slot::State::Busy)
      slot.state = Slot::State::Empty;
  }
  void finish(std::vector<Term> values) {
    slot.values = std::move(values);
    slot.state = Slot::State::Ready;
  }

private:
  Evaluator &e;
  Slot &slot;
  EmitInto into;
};

Term Evaluator::lookup(const std::string &name, const Context &context, Span span) {
  for (const Local *local = context.locals; local; local = local->outer)
    if (local->name->text == name) {
      if (local->loop)
        throw Refusal{};
      return local->value;
    }
  for (Scope *scope = context.scope; scope; scope = scope->experiment)
    if (scope->info)
      if (const Entry *entry = scope->info->find(name))
        return lookupEntry(*scope, name, *entry, context, span);
  if (std::optional<Term> ambient = lookupAmbient(name, {context.scope, span}))
    return *ambient;
  return lookupDeclared(name, context, span);
}

Term Evaluator::lookupEntry(Scope &scope, const std::string &name, const Entry &entry, const Context &context,
                            Span span) {
  Site site{context.scope, span};
  switch (entry.kind) {
  case Entry::Kind::Argument:
    if (entry.index >= scope.arguments.size())
      reporter.fail(site, "'" + name + "' comes later: a default may use the parameters before it");
    return scope.arguments[entry.index];
  case Entry::Kind::Equation:
    return equation(scope, entry.definitions[0], span);
  case Entry::Kind::Family:
    reporter.fail(site, "'" + name + "' is a family: write which element, as in " + name + "[0]");
  case Entry::Kind::Param:
  case Entry::Kind::State:
    return variables->read(scope, *entry.statement, site);
  case Entry::Kind::Setting: {
    Slot &slot = scope.memo[entry.setting][0];
    if (slot.state == Slot::State::Busy)
      circle(scope, name, span);
    if (slot.state == Slot::State::Empty) {
      Evaluating step(*this, slot, {&scope, name, entry.span}, homeOf(scope));
      step.finish({eval(*entry.setting->value, contextOf(scope, entry.setting->value->span))});
    }
    return slot.values[0];
  }
  case Entry::Kind::Axis:
    if (const AxisBinding *binding = axis(scope, name, span)) {
      if (!binding->pack)
        return binding->sizes[0];
      return List(binding->sizes.begin(), binding->sizes.end());
    }
    break;
  }
  unknownName(name, context, span);
}

std::optional<Term> Evaluator::lookupAmbient(const std::string &name, const Site &site) {
  if (name == "pi")
    return Term(std::numbers::pi);
  if (name == "training")
    return Term(pass->training);
  bool norm = name == "grad_norm";
  if (!norm && name != "step" && name != "steps" && name != "steps_per_epoch")
    return std::nullopt;
  if (!pass->graph)
    reporter.fail(site, "'" + name + "' is a tensor of the training step: it has no meaning here");
  if (norm && pass->graph->kind != Graph::Kind::Update)
    reporter.fail(site, "'grad_norm' is known in update only");
  if (auto found = pass->ambient.find(name); found != pass->ambient.end())
    return Term(found->second);
  Tensor tensor{pass->graph, 0, {DType::Float, {}}, {}, nowhere};
  tensor.value = norm ? pass->graph->addArgument(Port::Role::GradNorm, name, tensor.type)
                      : pass->graph->add(op::Control{name}, {}, tensor.type, emitter.frameAt(site));
  return Term(pass->ambient[name] = tensor);
}

Term Evaluator::lookupDeclared(const std::string &name, const Context &context, Span span) {
  Module &module = *context.scope->module;
  if (auto [first, second] = modules.ambiguous(module, name); first) {
    // The importing file may have settled a config's default by declaring it again; then it is the file's own name.
    reporter.fail({context.scope, span}, "'" + name + "' is declared by two imports", {},
                  {{first.declaration->name.span, "here"}, {second.declaration->name.span, "and here"}});
  }
  Found found = modules.find(module, name);
  if (!found) {
    if (const Primitive *primitive = findPrimitive(name)) {
      Callable function;
      function.primitive = primitive;
      return function;
    }
    unknownName(name, context, span);
  }
  const Declaration &declaration = *found.declaration;
  switch (declaration.kind) {
  case Declaration::Kind::Config:
    return configs.value(name, span);
  case Declaration::Kind::Constant:
    return constant(declaration, *found.module, span);
  case Declaration::Kind::Function:
  case Declaration::Kind::Extern:
    return Callable{&declaration, found.module, nullptr, {}};
  case Declaration::Kind::Dataset:
    return DatasetUse{&declaration, found.module, {}};
  default:
    reporter.fail({context.scope, span},
                  "'" + name + "' is " + (declaration.kind == Declaration::Kind::Sweep ? "a sweep" : "an experiment") +
                      ", which has no value");
  }
}

void Evaluator::unknownName(const std::string &name, const Context &context, Span span) {
  std::vector<std::string> known = modules.visible(*context.scope->module);
  for (Scope *scope = context.scope; scope; scope = scope->experiment)
    if (scope->info)
      for (auto &[own, entry] : scope->info->names)
        known.push_back(own);
  for (const std::string &primitive : primitiveNames())
    known.push_back(primitive);
  std::sort(known.begin(), known.end());
  reporter.fail({context.scope, span}, "unknown name '" + name + "'" + didYouMean(name, known));
}

Context Evaluator::contextOf(Scope &scope, const Span &place, std::optional<int64_t> index) {
  Context context{&scope, nullptr, {place.begin, index.value_or(0)}, scope.stream};
  if (index)
    context.stream += "[" + std::to_string(*index) + "]";
  // The passes have loops of their own.
  if (scope.loop && &scope.loop->parent.root() == pass->graph)
    context.loop = scope.loop;
  return context;
}

Graph *Evaluator::homeOf(const Scope &scope) const {
  return scope.graph && pass->graph == &scope.graph->root() ? scope.graph : pass->graph;
}

Term Evaluator::constant(const Declaration &declaration, Module &module, Span use) {
  Slot &slot = pass->constants[&declaration];
  if (slot.state == Slot::State::Ready)
    return slot.values[0];
  Scope &scope = newScope();
  scope.module = &module;
  scope.name = scope.stream = declaration.name.text;
  if (slot.state == Slot::State::Busy)
    circle(scope, declaration.name.text, use);
  Evaluating step(*this, slot, {nullptr, declaration.name.text, declaration.name.span}, homeOf(scope));
  Context context = contextOf(scope, declaration.span);
  Term value = eval(*declaration.value, context);
  if (declaration.type)
    value = typed(value, *declaration.type, context, {&scope, declaration.value->span}, declaration.name.text);
  step.finish({value});
  return value;
}

void Evaluator::circle(const Scope &scope, const std::string &name, Span use) {
  std::vector<Label> notes;
  bool inside = false;
  for (const Active &step : active) {
    inside |= step.name == name && (step.scope == &scope || !step.scope);
    if (inside)
      notes.push_back({step.span, "'" + step.name + "' needs " +
                                      (&step == &active.back() ? "'" + name + "'" : "'" + (&step + 1)->name + "'")});
  }
  reporter.fail({const_cast<Scope *>(&scope), use}, "'" + name + "' is defined by itself", {}, std::move(notes));
}

//===----------------------------------------------------------------------===//
// Equations
//===----------------------------------------------------------------------===//

Slot &Evaluator::evaluate(Scope &scope, const Statement &statement, std::optional<int64_t> index,
                          const std::string &name, Span use) {
  Slot &slot = scope.memo[&statement][statement.binding ? index.value_or(0) : 0];
  if (slot.state == Slot::State::Ready)
    return slot;
  if (slot.state == Slot::State::Busy)
    circle(scope, name, use);
  if (index && ++pass->familyElements > maxFamilyElements)
    reporter.fail({&scope, use},
                  "the families of this program have more than " + std::to_string(maxFamilyElements) + " elements");
  Evaluating step(*this, slot, {&scope, name, statement.targets[0].name.span}, homeOf(scope));
  Context context = contextOf(scope, statement.span, index);
  Local local{nullptr, nullptr, {}};
  if (statement.binding) {
    local = {nullptr, &statement.binding->name, *index};
    context.locals = &local;
  }
  step.finish(valuesOf(statement, context));
  return slot;
}

std::vector<Term> Evaluator::valuesOf(const Statement &statement, const Context &context) {
  Scope &scope = *context.scope;
  const Expr &right = *statement.values[0];
  Term value = eval(right, context);
  size_t count = statement.targets.size();
  List parts{value};
  if (count > 1) {
    const List *list = value.asList();
    if (!list || list->size() != count)
      reporter.fail({&scope, right.span}, std::to_string(count) + " names take apart a list of " +
                                              std::to_string(count) + " elements, but this is " +
                                              (list ? "one of " + std::to_string(list->size()) : kindOf(value)));
    parts = *list;
  }
  for (size_t i = 0; i < count; ++i)
    if (const TypePtr &type = statement.targets[i].type)
      parts[i] = typed(parts[i], *type, context, {&scope, right.span}, statement.targets[i].name.text);
  return parts;
}

Term Evaluator::equation(Scope &scope, const Definition &definition, Span use) {
  const Target &target = definition.where();
  Slot &slot = evaluate(scope, *definition.statement, std::nullopt, target.name.text + (target.primed ? "'" : ""), use);
  return slot.values[definition.target];
}

const std::vector<FamilyPart> &Evaluator::familyParts(Scope &scope, const Entry &entry) {
  if (auto found = scope.families.find(&entry); found != scope.families.end())
    return found->second;
  std::vector<FamilyPart> parts;
  for (const Definition &definition : entry.definitions) {
    const Statement &statement = *definition.statement;
    const Expr &index = stripped(*definition.where().index);
    Context context = contextOf(scope, statement.span);
    if (!statement.binding) {
      int64_t at = evalInt(index, context, "the index of a family");
      parts.push_back({definition, at, at, false});
      continue;
    }
    const Expr &range = stripped(*statement.binding->range);
    if (range.kind != Expr::Kind::Range)
      reporter.fail({&scope, range.span}, "an equation of a family runs over a range, as in 1..n");
    if (index.kind != Expr::Kind::Name || index.text != statement.binding->name.text)
      reporter.fail({&scope, index.span},
                    "the index on the left must be the loop's variable '" + statement.binding->name.text + "' itself");
    auto [low, high] = evalBounds(range, context);
    parts.push_back({definition, low, high, true});
  }
  return scope.families[&entry] = std::move(parts);
}

Term Evaluator::familyElement(Scope &scope, const std::string &name, const Entry &entry, int64_t index, Span use) {
  const FamilyPart *part = nullptr;
  std::string element = name + "[" + std::to_string(index) + "]", covered;
  for (const FamilyPart &candidate : familyParts(scope, entry)) {
    covered += (covered.empty() ? "" : ", ") + std::to_string(candidate.low) +
               (candidate.quantified ? ".." + std::to_string(candidate.high) : "");
    if (index < candidate.low || index > candidate.high)
      continue;
    if (part)
      reporter.fail(
          {&scope, use}, "two equations define " + element, {},
          {{part->definition.where().name.span, "this one"}, {candidate.definition.where().name.span, "and this one"}});
    part = &candidate;
  }
  if (!part) {
    std::vector<Label> notes;
    for (const Definition &definition : entry.definitions)
      notes.push_back({definition.where().name.span, "an equation of '" + name + "'"});
    reporter.fail({&scope, use}, "no equation defines " + element + ": there are " + name + "[" + covered + "]", {},
                  std::move(notes));
  }
  if (TimeLoop *loop = loopOf(scope, *part))
    return loop->element(part->definition, index, use);
  std::optional<int64_t> at;
  if (part->quantified)
    at = index;
  Slot &slot = evaluate(scope, *part->definition.statement, at, element, use);
  return slot.values[part->definition.target];
}
