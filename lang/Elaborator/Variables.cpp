//===- Variables.cpp - Parameters and states ------------------------------===//

#include "lang/Elaborator/Variables.h"

#include <algorithm>
#include <limits>
#include <tuple>

using namespace nacre::lang;

std::string Variables::pathOf(Scope &scope, const Statement &statement) {
  std::string name = statement.name.text;
  if (const Expr *given = statement.pathName.get())
    name = given->kind == Expr::Kind::Name
               ? given->text
               : e.evalString(*given, e.contextOf(scope, given->span), "the name in the path");
  return scope.path.empty() ? name : scope.path + "." + name;
}

/// The calls that lead to a scope, outermost first.
static std::vector<Scope *> callsTo(Scope &scope) {
  std::vector<Scope *> calls;
  for (Scope *step = &scope; step && step->caller; step = step->caller)
    calls.insert(calls.begin(), step);
  return calls;
}

void Variables::twoInstances(const std::string &path, Scope &scope, const Statement &statement, const Record &record) {
  std::vector<Scope *> ours = callsTo(scope), theirs = callsTo(*record.scope);
  size_t common = 0;
  while (common < ours.size() && common < theirs.size() && ours[common]->chain == theirs[common]->chain)
    ++common;
  // Where the ways part, one of the two calls needs a label.
  Site site{&scope, statement.name.span};
  Span other = record.statement->name.span;
  std::string advice = "; the names in one path must differ";
  if (common < ours.size()) {
    site = {ours[common]->caller, ours[common]->call};
    advice = ": label one of them, as in 'name: " + ours[common]->name + "(...)'";
  }
  if (common < theirs.size())
    other = theirs[common]->call;
  e.reporter.fail(site, "two different calls make '" + path + "'" + advice, {}, {{other, "the other one"}});
}

Variables::Record &Variables::enter(Scope &scope, const Statement &statement, const std::string &path,
                                    const TensorType &type) {
  bool state = statement.kind == Statement::Kind::State;
  Site site{&scope, statement.name.span};
  if (!scope.block)
    e.reporter.fail(site, "'" + scope.name + "' is a fn, which owns nothing: make it a block");
  bool inUpdate = e.pass->graph->kind == Graph::Kind::Update;
  if (e.pass->graph->kind == Graph::Kind::Init)
    e.reporter.fail(site, "an initial value cannot own parameters or states");
  if (inUpdate && !state)
    e.reporter.fail(site, "an update rule has states, but no parameters of its own");
  auto [found, isNew] = records.try_emplace(path);
  Record &record = found->second;
  if (isNew) {
    record = {{path, type, e.emitter.frameAt(site), inUpdate, e.pass->owner}, state, &scope, &statement, scope.order};
    record.order.push_back(statement.span.begin);
    return record;
  }
  if (record.statement != &statement || record.scope->chain != scope.chain)
    twoInstances(path, scope, statement, record);
  if (record.variable.type != type)
    e.reporter.fail({scope.caller, scope.call},
                    "'" + path + "' is shared by this call, but its type is " +
                        e.emitter.spell({nullptr, 0, type, {}, nowhere}) + " here and " +
                        e.emitter.spell({nullptr, 0, record.variable.type, {}, nowhere}) + " before",
                    {}, {{statement.name.span, "declared here"}});
  return record;
}

Term Variables::read(Scope &scope, const Statement &statement, const Site &use) {
  Slot &slot = scope.memo[&statement][0];
  if (slot.state == Slot::State::Ready)
    return slot.values[0];
  if (slot.state == Slot::State::Busy)
    e.reporter.fail(use, "'" + statement.name.text + "' is defined by itself: its type or path needs it");
  slot.state = Slot::State::Busy;
  std::vector<AxisId> names;
  TensorType type = e.knownType(*statement.type, e.contextOf(scope, statement.span), names);
  std::string path = pathOf(scope, statement);
  bool state = statement.kind == Statement::Kind::State;
  Pass &pass = *e.pass;
  // An initial value may name a variable that the step itself has not needed so far.
  if (pass.graph->kind != Graph::Kind::Init || !records.count(path))
    enter(scope, statement, path, type);
  if (state) {
    auto [owner, isNew] = pass.stateOwners.try_emplace(path, &scope);
    if (!isNew && owner->second != &scope)
      e.reporter.fail({scope.caller, scope.call},
                      "'" + scope.name + "' has the state '" + path + "', so it cannot be called twice in a step", {},
                      {{owner->second->call, "called here, too"}});
  }
  Tensor tensor;
  if (pass.graph->kind == Graph::Kind::Init) {
    tensor = initial(path, use);
  } else {
    auto [found, isNew] = pass.variables.try_emplace(path);
    if (isNew) {
      found->second = {pass.graph, 0, type, {}, nowhere};
      found->second.value = pass.graph->addArgument(state ? Port::Role::State : Port::Role::Param, path, type);
    }
    tensor = found->second;
  }
  tensor.axes = std::move(names);
  tensor.origin = statement.span;
  slot.values = {tensor};
  slot.state = Slot::State::Ready;
  return slot.values[0];
}

void Variables::next(Scope &scope, const Statement &statement) {
  Site site{&scope, statement.name.span};
  Tensor state = *read(scope, statement, site).asTensor();
  const std::string &path = e.pass->graph->argument(state.value).name;
  const Entry &entry = scope.info->next.at(statement.name.text);
  const Statement &equation = *entry.definitions[0].statement;
  Term term = e.equation(scope, entry.definitions[0], entry.span);
  site.span = equation.values[0]->span;
  if (!term.asTensor()) {
    if (!term.isNumber() || (state.type.dtype == DType::Int && !term.asInt()))
      e.reporter.fail(site, "the next value of '" + statement.name.text + "' must be a tensor, not " + kindOf(term));
    term = e.emitter.constant(site, state.type.dtype, {term.number()}, state.type.shape);
  }
  const Tensor &value = *term.asTensor();
  if (value.type != state.type)
    e.reporter.fail(site,
                    "the next value of '" + statement.name.text + "' must be " + e.emitter.spell(state) +
                        " like the state, but it is " + e.emitter.spell(value),
                    {}, {{statement.name.span, "the state"}});
  nextValues[path] = e.emitter.imported(site, *e.pass->graph, value);
}

Tensor Variables::initial(const std::string &path, const Site &use) {
  Slot &slot = initialValues[path];
  if (slot.state == Slot::State::Busy)
    e.reporter.fail(use, "the initial value of '" + path + "' is defined by itself");
  if (slot.state == Slot::State::Empty) {
    slot.state = Slot::State::Busy;
    const Record &record = records.at(path);
    slot.values = {record.statement ? initialValue(record) : initial(record.variable.owner, use)};
    slot.state = Slot::State::Ready;
  }
  return *slot.values[0].asTensor();
}

Tensor Variables::initialValue(const Record &record) {
  const TensorType &type = record.variable.type;
  const Expr &expr = *record.statement->values[0];
  Site site{record.scope, expr.span};
  EmitInto into(e.emitter, e.pass->graph);
  Context context = e.contextOf(*record.scope, record.statement->span);
  context.stream = record.variable.path; // Draws are named by the path, not by who calls the block.
  Term term = e.eval(expr, context);
  if (term.asFunction())
    term = e.apply(*term.asFunction(), List(type.shape.begin(), type.shape.end()), context, expr.span);
  std::string what = "the initial value of '" + record.variable.path + "'";
  if (term.isNumber() && (type.dtype == DType::Float || term.asInt()))
    return e.emitter.constant(site, type.dtype, {term.number()}, type.shape);
  if (term.asBool() && type.dtype == DType::Bool)
    return e.emitter.constant(site, type.dtype, {*term.asBool() ? 1.0 : 0.0}, type.shape);
  if (!term.asTensor())
    e.reporter.fail(site, what + " must be a number, a tensor, or a function of the shape, not " + kindOf(term));
  Tensor tensor = *term.asTensor();
  tensor.value = e.emitter.imported(site, *e.pass->graph, tensor);
  tensor.graph = e.pass->graph;
  tensor.axes.assign(tensor.rank(), 0);
  if (tensor.rank() == 0 && tensor.type.dtype == type.dtype)
    return e.emitter.expand(site, tensor, type.shape);
  if (tensor.type != type)
    e.reporter.fail(site, what + " must be " + e.emitter.spell({nullptr, 0, type, {}, nowhere}) + ", but it is " +
                              e.emitter.spell(tensor));
  return tensor;
}

std::string Variables::addAverage(const Record &parameter, int64_t index, const Site &site) {
  Variable average = parameter.variable;
  average.owner = average.path;
  average.path = "optimizer." + average.owner + ".ema";
  average.optimizer = average.average = true;
  if (auto found = records.find(average.path); found != records.end())
    e.reporter.fail(site,
                    "the average of '" + average.owner + "' and a state of 'update' are both '" + average.path +
                        "': name the state otherwise",
                    {}, {{found->second.statement->name.span, "the state"}});
  // After the optimizer's own states of this parameter.
  records[average.path] = {average, true, parameter.scope, nullptr, {index, std::numeric_limits<int64_t>::max()}};
  return average.path;
}

std::vector<const Variables::Record *> Variables::ordered(bool states, bool optimizer) const {
  std::vector<const Record *> result;
  for (auto &[path, record] : records)
    if (record.state == states && record.variable.optimizer == optimizer)
      result.push_back(&record);
  std::sort(result.begin(), result.end(), [](const Record *a, const Record *b) {
    return std::tie(a->order, a->variable.path) < std::tie(b->order, b->variable.path);
  });
  return result;
}
