//===- Experiment.cpp - The entry functions of an experiment --------------===//

#include "lang/Elaborator/Experiment.h"

#include "lang/Elaborator/Configs.h"
#include "lang/Elaborator/Needed.h"

#include <algorithm>

using namespace nacre::lang;

/// Samples for the check of gradients, which evaluates the loss often: enough for statistics over a batch.
static constexpr int64_t checkedSamples = 4;

ExperimentBuilder::ExperimentBuilder(Evaluator &evaluator, const Found &found, const Options &options)
    : e(evaluator), experiment(*found.declaration), module(*found.module), options(options), variables(evaluator),
      info(analyse(experiment.settings, nullptr)) {
  e.variables = &variables;
  e.settings = &program.settings;
  e.emitter.importArgument = [this](const Site &site, Graph &into, const Tensor &tensor) {
    return importArgument(site, into, tensor);
  };
}

const Setting *ExperimentBuilder::rule(const std::string &name) const {
  for (const Setting &setting : experiment.settings)
    if (setting.rule && setting.name.text == name)
      return &setting;
  return nullptr;
}

Pass &ExperimentBuilder::newPass(Graph::Kind kind, const std::string &name, bool training) {
  Pass &pass = passes.emplace_back();
  pass.graph = &graphs.emplace_back(kind, name);
  pass.training = training;
  e.pass = &pass;
  e.emitter.graph = pass.graph;
  settings = &experimentScope();
  return pass;
}

Scope &ExperimentBuilder::experimentScope() {
  Scope &scope = e.newScope();
  scope.info = &info;
  scope.module = &module;
  scope.name = experiment.name.text;
  scope.call = experiment.name.span;
  return scope;
}

Scope &ExperimentBuilder::ruleScope(const FunctionDecl &rule, const std::string &name) {
  Scope &scope = e.newScope();
  scope.info = &e.bodyOf(rule);
  scope.module = &module;
  scope.experiment = settings;
  scope.name = name;
  scope.call = experiment.name.span;
  scope.block = true;
  return scope;
}

Program ExperimentBuilder::build() {
  program.name = experiment.name.text;
  program.file = e.reporter.sources.path(e.modules.main().ast->id);
  Pass &train = newPass(Graph::Kind::Forward, "train", true);
  checkSettings();
  readSettings();
  train.recordsLayers = true;
  forward(train, program.settings.batch);
  checkRecompute();
  Pass &eval = newPass(Graph::Kind::Forward, "eval", false);
  forward(eval, program.settings.batch);
  Pass &evalOne = newPass(Graph::Kind::Forward, "eval_one", false);
  forwardOne(evalOne);
  update(newPass(Graph::Kind::Update, "update", true));
  init(newPass(Graph::Kind::Init, "init", true));

  checkPolicies();
  collectVariables();
  program.finish = needed(eval.finish->finished());
  program.train = needed(train.graph->finished());
  program.eval = needed(eval.graph->finished());
  program.evalOne = needed(evalOne.graph->finished());
  // The last pass, for a failure leaves the evaluator as it is.
  program.check = checked();
  completeForward(program.train, true);
  completeForward(program.eval, false);
  completeForward(program.evalOne, false);
  completeForward(program.check, true);
  checkTotals();
  completeUpdate(program.update);
  for (const std::string &name : e.configs.names())
    program.configs.push_back({name, plainText(e.configs.value(name, nowhere))});
  program.frames = std::move(e.emitter.frames);
  collectLayers();
  collectLoops(program.train);
  return std::move(program);
}

//===----------------------------------------------------------------------===//
// forward
//===----------------------------------------------------------------------===//

Scope &ExperimentBuilder::forwardToLoss(Pass &pass, int64_t batch) {
  const Setting *setting = rule("forward");
  if (!setting)
    e.reporter.fail({settings, experiment.name.span},
                    "the experiment '" + experiment.name.text + "' has no rule 'forward'");
  const FunctionDecl &declared = *setting->rule;
  pass.finish = &graphs.emplace_back(Graph::Kind::Finish, "finish");
  Scope &scope = ruleScope(declared, "forward");
  bindFields(pass, scope, declared, batch);
  e.demands(scope);
  evaluateLoss(pass, scope);
  return scope;
}

void ExperimentBuilder::forward(Pass &pass, int64_t batch) {
  Scope &scope = forwardToLoss(pass, batch);
  for (const Statement *metric : scope.info->metrics)
    evaluateMetric(pass, scope, *metric);
  if (pass.training) {
    variables.nextValues.clear();
    e.finishStates();
    for (auto &[path, value] : variables.nextValues)
      pass.graph->addResult(Port::Role::State, path, value);
  } else {
    for (const Statement *show : scope.info->shows)
      evaluateShow(pass, scope, *show);
  }
}

void ExperimentBuilder::forwardOne(Pass &pass) {
  try {
    forward(pass, 1);
  } catch (Failure &failure) {
    failure.diagnostic.notes.push_back(
        {nowhere, "the last samples of an evaluation come one by one, in a batch of 1, which an axis such as N has to "
                  "follow: no size of the batch can be written as a number"});
    throw;
  }
}

Function ExperimentBuilder::checked() {
  auto countVariables = [&] { return variables.ordered(false, false).size() + variables.ordered(true, false).size(); };
  size_t known = countVariables();
  e.reporter.quiet = true; // What is said of so few samples is not about the model.
  try {
    Pass &pass = newPass(Graph::Kind::Forward, "check", true);
    forwardToLoss(pass, std::min(program.settings.batch, checkedSamples));
    if (countVariables() == known)
      return needed(pass.graph->finished());
  } catch (const Failure &) {
  }
  Function function = program.train;
  function.name = "check";
  return function;
}

void ExperimentBuilder::bindFields(Pass &pass, Scope &scope, const FunctionDecl &rule, int64_t batch) {
  for (const Parameter &parameter : rule.signature.parameters) {
    const std::string &name = parameter.name.text;
    Site site{&scope, parameter.name.span};
    auto field = std::find_if(program.dataset.fields.begin(), program.dataset.fields.end(),
                              [&](const DataField &field) { return field.name == name; });
    if (field == program.dataset.fields.end()) {
      std::vector<std::string> known;
      for (const DataField &other : program.dataset.fields)
        known.push_back(other.name);
      e.reporter.fail(site, "the dataset '" + program.dataset.name + "' has no field '" + name + "'" +
                                didYouMean(name, known));
    }
    Tensor tensor{pass.graph, 0, field->type, {}, parameter.name.span};
    tensor.type.shape.insert(tensor.type.shape.begin(), batch);
    tensor.axes.resize(tensor.rank());
    tensor.value = pass.graph->addArgument(Port::Role::Field, name, tensor.type);
    Term term = tensor;
    if (parameter.type)
      term = e.typed(term, *parameter.type, e.contextOf(scope, parameter.name.span), site, name, TypeUse::Parameter);
    scope.arguments.push_back(std::move(term));
  }
}

void ExperimentBuilder::evaluateLoss(Pass &pass, Scope &scope) {
  const Entry *entry = scope.info->find("loss");
  if (!entry || entry->kind != Entry::Kind::Equation)
    e.reporter.fail({&scope, experiment.name.span},
                    "'forward' has no equation 'loss = ...', so there is nothing to minimise");
  Term term = e.lookup("loss", e.contextOf(scope, entry->span), entry->span);
  Site site{&scope, entry->definitions[0].statement->values[0]->span};
  const Tensor *loss = term.asTensor();
  if (!loss || loss->rank() != 0 || loss->type.dtype != DType::Float)
    e.reporter.fail(site, "the loss must be a tensor of rank 0, but it is " +
                              (loss ? e.emitter.spell(*loss) + "; mean(x) makes one number of it" : kindOf(term)));
  if (loss->graph != pass.graph)
    e.reporter.fail(site, "the loss cannot depend on a total over the whole pass");
  pass.graph->addResult(Port::Role::Loss, "loss", loss->value);
}

void ExperimentBuilder::evaluateMetric(Pass &pass, Scope &scope, const Statement &metric) {
  const Expr &expr = *metric.values[0];
  Site site{&scope, expr.span};
  pass.metric = metric.name.text;
  pass.totals = 0;
  Tensor value =
      e.emitter.tensorOf(site, e.eval(expr, e.contextOf(scope, metric.span)), "the metric '" + pass.metric + "'");
  pass.metric.clear();
  if (value.rank() != 0 || value.type.dtype != DType::Float)
    e.reporter.fail(site, "a metric must be a tensor of rank 0, but this is " + e.emitter.spell(value) +
                              "; mean(x) makes one number of it");
  value.graph->addResult(Port::Role::Metric, metric.name.text, value.value);
}

void ExperimentBuilder::evaluateShow(Pass &pass, Scope &scope, const Statement &show) {
  for (const ExprPtr &expr : show.values) {
    Site site{&scope, expr->span};
    Term term = e.eval(*expr, e.contextOf(scope, show.span));
    const Tensor *picture = term.asTensor();
    if (!picture || picture->rank() < 3 || picture->rank() > 4)
      e.reporter.fail(site, "show takes pictures, [N, C, H, W] or [N, H, W], not " +
                                (picture ? e.emitter.spell(*picture) : kindOf(term)));
    if (picture->graph != pass.graph)
      e.reporter.fail(site, "a picture cannot depend on a total over the whole pass");
    std::string name(e.reporter.sources.text(expr->span));
    pass.graph->addResult(Port::Role::Show, name, picture->value);
  }
}

//===----------------------------------------------------------------------===//
// update and init
//===----------------------------------------------------------------------===//

void ExperimentBuilder::update(Pass &pass) {
  if (!rule("update"))
    e.reporter.fail({settings, experiment.name.span},
                    "the experiment '" + experiment.name.text + "' has no rule 'update'");
  std::optional<Operand> lr = setting("lr");
  if (lr && !lr->term.isNone()) {
    Site site{settings, lr->span};
    if (!lr->term.isNumber() && !lr->term.asTensor())
      e.reporter.fail(site, "lr must be a number or a tensor of rank 0, not " + kindOf(lr->term));
    Tensor value = e.emitter.tensorOf(site, lr->term, "lr");
    if (value.rank() != 0 || value.type.dtype != DType::Float)
      e.reporter.fail(site, "lr must be a number or a tensor of rank 0, not " + e.emitter.spell(value));
    if (lr->term.isNumber() && lr->term.number() < 0)
      e.reporter.fail(site, "a learning rate cannot be negative: " + spell(lr->term));
    pass.graph->addResult(Port::Role::Metric, "lr", value.value);
  }
  std::vector<const Variables::Record *> params = variables.ordered(false, false);
  for (size_t i = 0; i < params.size(); ++i)
    updateParameter(pass, *params[i], i);
  program.update = needed(pass.graph->finished());
}

void ExperimentBuilder::updateParameter(Pass &pass, const Variables::Record &record, int64_t index) {
  const Setting &setting = *rule("update");
  const FunctionDecl &declared = *setting.rule;
  const Variable &variable = record.variable;
  Scope &scope = ruleScope(declared, "update");
  scope.path = scope.stream = "optimizer." + variable.path;
  scope.order = {index};
  pass.owner = variable.path;
  Tensor p{pass.graph, 0, variable.type, std::vector<AxisId>(variable.type.shape.size()), record.statement->name.span};
  p.value = pass.graph->addArgument(Port::Role::Param, variable.path, p.type);
  Tensor g = p;
  g.value = pass.graph->addArgument(Port::Role::Gradient, variable.path, g.type);
  for (const Parameter &parameter : declared.signature.parameters) {
    const std::string &name = parameter.name.text;
    Site site{&scope, parameter.name.span};
    if (name != "p" && name != "g" && name != "path")
      e.reporter.fail(site, "'update' may take p, g and path; there is no '" + name + "'");
    Term term = name == "p" ? Term(p) : name == "g" ? Term(g) : Term(variable.path);
    if (parameter.type)
      term = e.typed(term, *parameter.type, e.contextOf(scope, parameter.name.span), site, name, TypeUse::Parameter);
    scope.arguments.push_back(std::move(term));
  }
  e.demands(scope);
  if (!scope.info->result)
    e.reporter.fail({&scope, setting.name.span}, "'update' returns nothing: it must return the parameter's new value");
  const Expr &result = *scope.info->result;
  Term value = e.eval(result, e.contextOf(scope, result.span));
  if (!value.asTensor() || value.asTensor()->type != p.type)
    e.reporter.fail({&scope, result.span}, "the new value of '" + variable.path + "' must be " + e.emitter.spell(p) +
                                               ", but it is " +
                                               (value.asTensor() ? e.emitter.spell(*value.asTensor()) : kindOf(value)));
  pass.graph->addResult(Port::Role::Param, variable.path, value.asTensor()->value);
  variables.nextValues.clear();
  e.finishStates();
  pass.stateful.clear();
  for (auto &[path, next] : variables.nextValues)
    pass.graph->addResult(Port::Role::State, path, next);
  if (value.asTensor()->value != p.value)
    averageParameter(pass, record, *value.asTensor(), index);
}

void ExperimentBuilder::averageParameter(Pass &pass, const Variables::Record &record, const Tensor &fresh,
                                         int64_t index) {
  std::optional<Operand> decay = setting("ema");
  if (!decay || decay->term.isNone())
    return;
  Site site{settings, decay->span};
  if (!decay->term.isNumber() && !(decay->term.asTensor() && decay->term.asTensor()->rank() == 0))
    e.reporter.fail(site, "'ema' is a number or a tensor of rank 0, not " + kindOf(decay->term));
  if (decay->term.isNumber() && !(decay->term.number() >= 0 && decay->term.number() < 1))
    e.reporter.fail(site, "'ema' is a decay: at least 0 and less than 1, not " + spell(decay->term));
  std::string path = variables.addAverage(record, index, site);
  Tensor before = fresh;
  before.value = pass.graph->addArgument(Port::Role::State, path, fresh.type);
  auto apply = [&](ScalarFn fn, const Term &a, const Term &b) {
    return e.emitter.elementwise(site, fn, "averaged", {{a, decay->span}, {b, decay->span}});
  };
  Term change = apply(ScalarFn::Mul, decay->term, apply(ScalarFn::Sub, before, fresh));
  pass.graph->addResult(Port::Role::State, path, apply(ScalarFn::Add, fresh, change).asTensor()->value);
}

void ExperimentBuilder::init(Pass &pass) {
  auto add = [&](bool states, bool optimizer) {
    for (const Variables::Record *record : variables.ordered(states, optimizer)) {
      Site site{record->scope, record->statement ? record->statement->name.span : nowhere};
      Tensor value = variables.initial(record->variable.path, site);
      pass.graph->addResult(states ? Port::Role::State : Port::Role::Param, record->variable.path, value.value);
    }
  };
  add(false, false);
  add(true, false);
  add(true, true);
  program.init = needed(pass.graph->finished());
}

Value ExperimentBuilder::importArgument(const Site &site, Graph &into, const Tensor &tensor) {
  const Port &port = tensor.graph->argument(tensor.value);
  bool variable = port.role == Port::Role::Param || port.role == Port::Role::State;
  if (into.kind == Graph::Kind::Init && variable)
    return variables.initial(port.name, site).value;
  if (into.kind == Graph::Kind::Init)
    e.reporter.fail(site, "an initial value cannot depend on '" + port.name + "', which is known in training only");
  e.reporter.fail(site, "what follows total(...) is computed once after the pass: it cannot use '" + port.name +
                            "' of one batch outside total(...)");
}
