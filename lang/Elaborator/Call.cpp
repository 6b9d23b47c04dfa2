//===- Call.cpp - Expanding calls -----------------------------------------===//

#include "lang/Elaborator/TimeLoop.h"
#include "lang/Elaborator/Variables.h"

#include <algorithm>

using namespace nacre::lang;

static constexpr unsigned maxCallDepth = 400;

Evaluator::Evaluator(Reporter &reporter, const ModuleSet &modules, Configs &configs)
    : reporter(reporter), modules(modules), configs(configs), emitter(reporter, axes) {}
Evaluator::~Evaluator() = default;

Scope &Evaluator::newScope() {
  Scope &scope = scopes.emplace_back();
  scope.serial = static_cast<uint32_t>(scopes.size());
  scope.graph = pass->graph;
  return scope;
}

uint32_t Evaluator::chain(uint32_t parent, const void *call) {
  return chains.try_emplace({parent, call}, static_cast<uint32_t>(chains.size() + 1)).first->second;
}

const BodyInfo &Evaluator::bodyOf(const FunctionDecl &function) {
  auto found = bodies.find(&function);
  return found != bodies.end() ? found->second : bodies.emplace(&function, analyse(function, nullptr)).first->second;
}

//===----------------------------------------------------------------------===//
// From the syntax to a request
//===----------------------------------------------------------------------===//

std::vector<OverDim> Evaluator::evalOver(const Expr &expr, const Context &context) {
  std::vector<OverDim> result;
  for (const Dim &dim : expr.over) {
    const Name *pack = dim.pack ? &*dim.pack : nullptr;
    Span span = pack ? pack->span : dim.expr->span;
    Site site{context.scope, span};
    bool named = pack ? pack->text.empty() || isCapital(pack->text)
                      : dim.expr->kind == Expr::Kind::Name && isCapital(dim.expr->text);
    if (named) {
      std::string name = !pack ? dim.expr->text : pack->text.empty() ? "..." : pack->text;
      const AxisBinding *binding = axis(*context.scope, name, span);
      if (!binding)
        reporter.fail(site, "'" + name + "' is no axis here");
      if (binding->pack != (pack != nullptr))
        reporter.fail(site, "'" + name + "' is " + (binding->pack ? "a list of axes: write ..." + name : "one axis"));
      for (AxisId id : binding->ids)
        result.push_back({std::nullopt, id, span});
      continue;
    }
    if (!pack) {
      result.push_back({evalInt(*dim.expr, context, "the position of an axis"), 0, span});
      continue;
    }
    for (int64_t position : intsOf(site, lookup(pack->text, context, span), "positions of axes"))
      result.push_back({position, 0, span});
  }
  return result;
}

std::vector<int64_t> Evaluator::positions(const Site &site, const std::vector<OverDim> &over, const Tensor &tensor) {
  std::vector<int64_t> result;
  for (const OverDim &dim : over) {
    int64_t position = dim.position.value_or(-1), rank = tensor.rank();
    if (dim.position && (position < 0 || position >= rank))
      reporter.fail({site.scope, dim.span}, "there is no axis " + std::to_string(position) + ": " +
                                                emitter.spell(tensor) + " has " + std::to_string(rank));
    if (!dim.position) {
      auto found = std::find(tensor.axes.begin(), tensor.axes.end(), dim.axis);
      if (found == tensor.axes.end())
        reporter.fail({site.scope, dim.span}, "'" + axes.name(dim.axis) + "' is no axis of " + emitter.spell(tensor) +
                                                  "; an axis has a name only where a type gave it one");
      if (std::find(found + 1, tensor.axes.end(), dim.axis) != tensor.axes.end())
        reporter.fail({site.scope, dim.span}, "two axes of " + emitter.spell(tensor) + " have this name");
      position = found - tensor.axes.begin();
    }
    if (std::find(result.begin(), result.end(), position) != result.end())
      reporter.fail({site.scope, dim.span}, "axis " + std::to_string(position) + " is named twice");
    result.push_back(position);
  }
  return result;
}

Term Evaluator::evalCall(const Expr &expr, const Context &context, const std::optional<Operand> &piped,
                         std::optional<std::string> label) {
  bool isCall = expr.kind == Expr::Kind::Call;
  const Expr &callee = isCall ? *expr.children[0] : expr;
  Term function = eval(callee, context);
  Site site{context.scope, callee.span};
  CallRequest request{context, &expr, expr.span, {}, {}, false, std::move(label)};
  if (piped)
    request.arguments.push_back({nullptr, *piped});
  for (const Argument &argument : expr.arguments)
    request.arguments.push_back(
        {argument.name ? &*argument.name : nullptr, {eval(*argument.value, context), argument.value->span}});
  if (isCall && expr.hasOver) {
    request.hasOver = true;
    request.over = evalOver(expr, context);
  }
  if (auto *dataset = function.asDataset()) {
    if (piped)
      reporter.fail(site, "a dataset cannot be called with a value");
    Callable constructor{dataset->declaration, dataset->module, nullptr, dataset->given};
    return call(constructor, std::move(request));
  }
  if (!function.asFunction())
    reporter.fail(site, "this is called, but it is " + kindOf(function) +
                            (function.isNumber() || function.asString() ? ", " + spell(function) : ""));
  return call(*function.asFunction(), std::move(request));
}

Term Evaluator::apply(const Callable &function, Term argument, const Context &context, Span span) {
  CallRequest request{context, nullptr, span, {{nullptr, {std::move(argument), span}}}, {}, false, std::nullopt};
  return call(function, std::move(request));
}

//===----------------------------------------------------------------------===//
// Filling parameters
//===----------------------------------------------------------------------===//

static std::vector<PrimitiveParameter> parametersOf(const Callable &function) {
  if (function.primitive)
    return function.primitive->parameters;
  std::vector<PrimitiveParameter> result;
  if (const FunctionDecl *declared = function.declaration->function.get())
    for (const Parameter &parameter : declared->signature.parameters)
      result.push_back({parameter.name.text, !parameter.value});
  return result;
}

std::vector<std::optional<Operand>> Evaluator::fill(const Callable &function, const CallRequest &request,
                                                    const std::vector<PrimitiveParameter> &parameters) {
  const std::string name = nameOf(function);
  Scope *scope = request.context.scope;
  std::vector<std::optional<Operand>> operands(parameters.size());
  for (size_t i = 0; i < function.given.size(); ++i)
    if (function.given[i])
      operands[i] = Operand{*function.given[i], request.span};
  size_t next = 0;
  std::vector<bool> filled(parameters.size());
  for (const CallArgument &argument : request.arguments) {
    size_t index;
    if (argument.name) {
      auto found = std::find_if(parameters.begin(), parameters.end(),
                                [&](const PrimitiveParameter &p) { return p.name == argument.name->text; });
      index = found - parameters.begin();
    } else {
      while (next < operands.size() && operands[next])
        ++next;
      index = next;
    }
    if (index == parameters.size() && !argument.name)
      reporter.fail({scope, argument.operand.span}, "'" + name + "' takes no more positional arguments");
    if (index == parameters.size()) {
      std::vector<std::string> known;
      for (const PrimitiveParameter &parameter : parameters)
        known.push_back(parameter.name);
      reporter.fail({scope, argument.name->span}, "'" + name + "' has no parameter '" + argument.name->text + "'" +
                                                      didYouMean(argument.name->text, known));
    }
    // What an earlier call has given may be given anew, by name.
    if (filled[index])
      reporter.fail({scope, argument.name->span}, "'" + argument.name->text + "' is given twice");
    filled[index] = true;
    operands[index] = argument.operand;
  }
  return operands;
}

Term Evaluator::call(const Callable &function, CallRequest request) {
  const std::string name = nameOf(function);
  Site site{request.context.scope, request.span};
  std::vector<PrimitiveParameter> parameters = parametersOf(function);
  std::vector<std::optional<Operand>> operands = fill(function, request, parameters);
  bool positional = std::any_of(request.arguments.begin(), request.arguments.end(),
                                [](const CallArgument &argument) { return !argument.name; });
  std::string missing;
  for (size_t i = 0; i < operands.size(); ++i)
    if (!operands[i] && parameters[i].required)
      missing += (missing.empty() ? "" : ", ") + parameters[i].name;
  bool isDataset = function.declaration && function.declaration->kind == Declaration::Kind::Dataset;
  if (!missing.empty() && (positional || request.hasOver))
    reporter.fail(site, "'" + name + "' still needs " + missing);
  if (missing.empty() && !isDataset) {
    if (function.primitive)
      return callPrimitive(function, request, std::move(operands));
    bool isExtern = function.declaration->kind == Declaration::Kind::Extern;
    return isExtern ? callExtern(function, request, std::move(operands))
                    : callFunction(function, request, std::move(operands));
  }
  if (request.label)
    reporter.fail(site, "'" + *request.label + "' labels a call, but '" + name + "' is not complete: it still needs " +
                            missing);
  std::vector<std::optional<Term>> given(operands.size());
  for (size_t i = 0; i < operands.size(); ++i)
    if (operands[i])
      given[i] = operands[i]->term;
  if (isDataset)
    return DatasetUse{function.declaration, function.module, std::move(given)};
  return Callable{function.declaration, function.module, function.primitive, std::move(given)};
}

//===----------------------------------------------------------------------===//
// Functions and blocks
//===----------------------------------------------------------------------===//

/// Renames the axes of a term, or of the tensors in a list: ours become the caller's, others of ours lose their name.
Term Evaluator::renamed(const Term &term, const std::vector<std::pair<AxisId, AxisId>> &map, uint32_t owner) {
  if (auto *list = term.asList()) {
    List result;
    for (const Term &element : *list)
      result.push_back(renamed(element, map, owner));
    return result;
  }
  if (!term.asTensor())
    return term;
  Tensor tensor = *term.asTensor();
  for (AxisId &id : tensor.axes) {
    if (!id)
      continue;
    AxisId found = owner && axes.owner(id) == owner ? 0 : id;
    for (auto &[from, to] : map)
      if (from == id && to) {
        found = to;
        break;
      }
    id = found;
  }
  return tensor;
}

void Evaluator::bindArguments(Scope &scope, const Signature &signature, std::vector<std::optional<Operand>> &operands,
                              const Context &caller) {
  Context own = contextOf(scope, scope.info->body ? Span{} : Span{});
  for (size_t i = 0; i < signature.parameters.size(); ++i) {
    const Parameter &parameter = signature.parameters[i];
    Term term;
    Site site{caller.scope, operands[i] ? operands[i]->span : nowhere};
    if (operands[i]) {
      term = operands[i]->term;
    } else {
      Context context = contextOf(scope, parameter.name.span);
      term = eval(*parameter.value, context);
      site = {&scope, parameter.value->span};
    }
    if (parameter.type)
      term = typed(term, *parameter.type, own, site, parameter.name.text, TypeUse::Parameter);
    scope.arguments.push_back(std::move(term));
  }
  // Tensors without a type keep the caller's names, except those that a type has translated.
  std::vector<std::pair<AxisId, AxisId>> inward;
  for (auto &[ours, theirs] : scope.callerAxes)
    if (theirs)
      inward.push_back({theirs, ours});
  for (size_t i = 0; i < signature.parameters.size(); ++i)
    if (!signature.parameters[i].type && !inward.empty())
      scope.arguments[i] = renamed(scope.arguments[i], inward, 0);
}

void Evaluator::bindOver(Scope &scope, const Signature &signature, const CallRequest &request) {
  Site site{request.context.scope, request.span};
  if (!signature.over) {
    if (request.hasOver)
      reporter.fail(site, "'" + scope.name + "' has no 'over'");
    return;
  }
  auto *first = scope.arguments.empty() ? nullptr : scope.arguments[0].asTensor();
  Tensor tensor = first ? *first
                        : emitter.tensorOf(site, scope.arguments.empty() ? Term() : scope.arguments[0],
                                           "the first argument of '" + scope.name + "'");
  std::vector<int64_t> over;
  if (request.hasOver) {
    // Names are the caller's, so they are looked for in the argument as the caller knows it.
    Tensor outside = tensor;
    for (AxisId &id : outside.axes)
      for (auto &[ours, theirs] : scope.callerAxes)
        if (ours == id && theirs) {
          id = theirs;
          break;
        }
    over = positions(site, request.over, outside);
  } else if (signature.overPack) {
    for (size_t i = 0; i < tensor.rank(); ++i)
      over.push_back(i);
  }
  if (!signature.overPack && over.size() != 1)
    reporter.fail(site, "'" + scope.name + "' works over exactly one axis: say which, as in 'over C'");
  AxisBinding binding{signature.overPack, {}, {}};
  for (int64_t axis : over) {
    if (!tensor.axes[axis])
      tensor.axes[axis] = axes.add(signature.over->text, scope.serial);
    binding.ids.push_back(tensor.axes[axis]);
    binding.sizes.push_back(tensor.type.shape[axis]);
  }
  if (!scope.arguments.empty())
    scope.arguments[0] = tensor;
  scope.axes[signature.over->text] = std::move(binding);
}

/// Which calls repeat, innermost first: every name once.
static std::string repeating(const Scope *scope) {
  std::vector<std::string> names;
  for (; scope && scope->caller; scope = scope->caller) {
    if (std::find(names.begin(), names.end(), scope->name) != names.end())
      break;
    names.push_back(scope->name);
  }
  std::string text = "'" + (scope ? scope->name : "") + "'";
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    text += " calls '" + *name + "'";
  return text;
}

Term Evaluator::callFunction(const Callable &function, CallRequest &request,
                             std::vector<std::optional<Operand>> operands) {
  const FunctionDecl &declared = *function.declaration->function;
  const Context &context = request.context;
  Scope &caller = *context.scope;
  Site site{&caller, request.span};
  usedDeclarations.insert(function.declaration);
  Scope &scope = newScope();
  scope.info = &bodyOf(declared);
  scope.module = function.module;
  scope.caller = &caller;
  scope.call = request.span;
  scope.name = function.declaration->name.text;
  scope.block = declared.block;
  scope.graph = emitter.graph;
  scope.loop = context.loop;
  scope.depth = caller.depth + 1;
  if (scope.depth > maxCallDepth)
    reporter.fail({nullptr, request.span},
                  "calls are nested more than " + std::to_string(maxCallDepth) + " deep: " + repeating(&scope));
  scope.path = caller.path;
  if (request.label)
    scope.path += (scope.path.empty() ? "" : ".") + *request.label;
  if (context.loop && declared.block)
    enterLoop(scope);
  std::string step = request.label.value_or("");
  if (!request.label) {
    unsigned ordinal = 0;
    if (request.expr && caller.info)
      if (auto found = caller.info->ordinals.find(request.expr); found != caller.info->ordinals.end())
        ordinal = found->second;
    step = (request.expr ? calleeName(*request.expr) : scope.name) + "#" + std::to_string(ordinal);
  }
  scope.stream = context.stream + "/" + step;
  scope.chain = chain(caller.chain, request.expr);
  scope.frame = emitter.frameAt(site);
  scope.order = caller.order;
  scope.order.insert(scope.order.end(), context.order.begin(), context.order.end());
  scope.order.push_back(request.span.end);

  bindArguments(scope, declared.signature, operands, context);
  bindOver(scope, declared.signature, request);
  demands(scope);
  if (!scope.info->result)
    reporter.fail({&caller, request.span}, "'" + scope.name + "' returns nothing");
  if (declared.block && pass->training && !scope.info->states.empty())
    pass->stateful.push_back(&scope);
  Term result = eval(*scope.info->result, contextOf(scope, scope.info->result->span));
  if (declared.result)
    result = typed(result, *declared.result, contextOf(scope, declared.result->span),
                   {&scope, scope.info->result->span}, scope.name, TypeUse::Result);
  result = renamed(result, scope.callerAxes, scope.serial);
  if (auto *tensor = result.asTensor()) {
    Tensor placed = *tensor;
    placed.origin = request.span;
    result = placed;
  }
  if (declared.block && pass->recordsLayers)
    record(scope, result);
  return result;
}

void Evaluator::demands(Scope &scope) {
  for (const Statement *demand : scope.info->demands) {
    Context context = contextOf(scope, demand->span);
    bool required = demand->kind == Statement::Kind::Require;
    if (evalBool(*demand->values[0], context, required ? "what is required" : "what is expected"))
      continue;
    Site site{&scope, demand->values[0]->span};
    std::string text = evalString(*demand->values[1], context, "the message");
    if (required)
      reporter.fail(site, text);
    reporter.warn(site, text);
  }
}

void Evaluator::record(const Scope &scope, const Term &result) {
  // The outermost of several blocks of one path is the instance; the others are how it is written.
  const Scope *caller = scope.caller;
  while (caller && !(caller->block && caller->caller))
    caller = caller->caller;
  if (caller && caller->path == scope.path)
    return;
  Instance &instance = instances[scope.path];
  bool isNew = instance.uses == 0;
  int64_t times = 1;
  for (const TimeLoop *loop = scope.loop; loop; loop = loop->scope.loop)
    times *= loop->steps();
  instance.uses += times;
  if (isNew) {
    instance.path = scope.path;
    instance.block = scope.name;
    instance.order = scope.order;
    const Term *first = &result;
    while (first->asList() && !first->asList()->empty())
      first = &first->asList()->front();
    if (first->asTensor())
      instance.shape = first->asTensor()->type.shape;
  }
}

void Evaluator::finishStates() {
  for (size_t i = 0; i < pass->stateful.size(); ++i) // Next values may call further blocks.
    for (const Statement *state : pass->stateful[i]->info->states)
      variables->next(*pass->stateful[i], *state);
}
