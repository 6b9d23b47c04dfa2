//===- Settings.cpp - Settings, policies and the dataset ------------------===//

#include "lang/Elaborator/Experiment.h"

#include "lang/Elaborator/PrimitiveCalls.h"

#include <algorithm>
#include <limits>
#include <set>

using namespace nacre::lang;

static const std::vector<std::string> knownSettings{
    "data",     "batch",    "epochs",   "samples",    "steps",      "seed",      "lr",       "accumulate", "ema",
    "minimize", "maximize", "patience", "eval_every", "save_every", "precision", "winograd", "recompute",  "memory"};

/// Does a name occur in an expression or body?
static bool mentions(const Expr &expr, const std::string &name) {
  bool found = expr.kind == Expr::Kind::Name && expr.text == name;
  forEachChild(expr, [&](const Expr &child) { found = found || mentions(child, name); });
  return found;
}

static bool mentions(const FunctionDecl &rule, const std::string &name) {
  if (rule.body.result && mentions(*rule.body.result, name))
    return true;
  for (const Statement &statement : rule.body.statements)
    for (const ExprPtr &value : statement.values)
      if (mentions(*value, name))
        return true;
  return false;
}

void ExperimentBuilder::checkSettings() {
  for (const Setting &setting : experiment.settings) {
    const std::string &name = setting.name.text;
    Site site{settings, setting.name.span};
    if (setting.rule) {
      if (name != "forward" && name != "update")
        e.reporter.fail(site, "there is no rule '" + name + "'" + didYouMean(name, {"forward", "update"}));
      continue;
    }
    bool known = std::find(knownSettings.begin(), knownSettings.end(), name) != knownSettings.end();
    if (setting.pattern && name != "precision" && name != "winograd" && name != "recompute")
      e.reporter.fail(site, "only precision, winograd and recompute can be given for a pattern");
    bool used = std::any_of(experiment.settings.begin(), experiment.settings.end(), [&](const Setting &other) {
      return other.rule ? mentions(*other.rule, name) : mentions(*other.value, name);
    });
    if (!known && !used)
      e.reporter.fail(site,
                      "there is no setting '" + name + "', and nothing uses it" + didYouMean(name, knownSettings));
  }
}

std::optional<Operand> ExperimentBuilder::setting(const std::string &name) {
  const Entry *entry = info.find(name);
  if (!entry)
    return std::nullopt;
  Span span = entry->setting->value->span;
  return Operand{e.lookup(name, e.contextOf(*settings, span), span), span};
}

int64_t ExperimentBuilder::positiveSetting(const std::string &name, const Operand &value) {
  if (!value.term.asInt() || *value.term.asInt() < 1)
    e.reporter.fail({settings, value.span}, "'" + name + "' must be a positive int, not " +
                                                (value.term.isNumber() ? spell(value.term) : kindOf(value.term)));
  return *value.term.asInt();
}

void ExperimentBuilder::readSettings() {
  auto integer = [&](const std::string &name, auto &target) {
    if (std::optional<Operand> value = setting(name); value && !value->term.isNone())
      target = positiveSetting(name, *value);
  };
  Settings &result = program.settings;
  std::optional<Operand> data = setting("data");
  if (!data)
    e.reporter.fail({settings, experiment.name.span}, "the experiment '" + experiment.name.text + "' has no 'data'");
  if (!data->term.asDataset())
    e.reporter.fail({settings, data->span}, "'data' must be a dataset, not " + kindOf(data->term));
  program.dataset = readDataset(*data->term.asDataset());
  integer("batch", result.batch);
  if (options.batch)
    result.batch = *options.batch;
  if (result.batch < 1)
    e.reporter.fail({settings, experiment.name.span}, "the experiment '" + experiment.name.text + "' has no 'batch'");
  readLength();
  readBest();
  if (std::optional<Operand> seed = setting("seed")) {
    if (!seed->term.asInt())
      e.reporter.fail({settings, seed->span}, "'seed' must be an int, not " + kindOf(seed->term));
    result.seed = *seed->term.asInt();
  }
  integer("accumulate", result.accumulate);
  if (result.accumulate > std::numeric_limits<int64_t>::max() / result.batch)
    e.reporter.fail({settings, setting("accumulate")->span}, "'accumulate' = " + std::to_string(result.accumulate) +
                                                                 " batches of " + std::to_string(result.batch) +
                                                                 " are more samples than can be counted");
  integer("eval_every", result.evalEvery);
  integer("save_every", result.saveEvery);
  integer("patience", result.patience);
  readPolicies("precision", result.precision);
  readPolicies("winograd", result.winograd);
  readPolicies("recompute", result.recompute);
  if (std::optional<Operand> memory = setting("memory"); memory && !memory->term.isNone()) {
    if (!memory->term.isNumber() || !(memory->term.number() > 0))
      e.reporter.fail({settings, memory->span},
                      "'memory' is a positive number of bytes, not " +
                          (memory->term.isNumber() ? spell(memory->term) : kindOf(memory->term)));
    result.memory = memory->term.number();
  }
}

void ExperimentBuilder::readLength() {
  Settings &result = program.settings;
  std::string given;
  for (auto [name, target] : {std::pair{"epochs", &result.epochs}, std::pair{"samples", &result.samples},
                              std::pair{"steps", &result.steps}}) {
    std::optional<Operand> value = setting(name);
    if (!value)
      continue;
    if (!given.empty())
      e.reporter.fail({settings, value->span},
                      "the length of training is given twice: by '" + given + "' and by '" + name + "'");
    given = name;
    *target = positiveSetting(name, *value);
  }
  if (given.empty())
    e.reporter.fail({settings, experiment.name.span},
                    "the experiment '" + experiment.name.text + "' needs one of 'epochs', 'samples' and 'steps'");
}

void ExperimentBuilder::readBest() {
  std::optional<Operand> lowest = setting("minimize"), highest = setting("maximize");
  if (lowest && highest)
    e.reporter.fail({settings, highest->span}, "either 'minimize' or 'maximize', not both");
  std::optional<Operand> best = lowest ? lowest : highest;
  if (!best)
    return;
  if (!best->term.asString())
    e.reporter.fail({settings, best->span}, "the metric that chooses the best is named by a string");
  program.settings.best = *best->term.asString();
  program.settings.maximize = highest.has_value();
  std::vector<std::string> known{"loss"};
  if (const Setting *forward = rule("forward"))
    for (const Statement &statement : forward->rule->body.statements)
      if (statement.kind == Statement::Kind::Metric)
        known.push_back(statement.name.text);
  if (std::find(known.begin(), known.end(), program.settings.best) == known.end())
    e.reporter.fail({settings, best->span},
                    "there is no metric '" + program.settings.best + "'" + didYouMean(program.settings.best, known));
}

/// What is wrong with the value of a policy; empty if nothing.
static std::string faultOf(const std::string &policy, const Term &value) {
  struct Choice {
    std::string policy;
    std::vector<std::string> values;
    const char *text;
  };
  static const std::vector<Choice> choices{
      {"precision",
       {"f32", "tf32", "bf16", "f16", "f64"},
       "a precision is \"f32\", \"tf32\", \"bf16\", \"f16\" or \"f64\""},
      {"winograd", {"off", "f2", "f4"}, "'winograd' is \"off\", \"f2\" or \"f4\""}};
  for (const Choice &choice : choices)
    if (choice.policy == policy) {
      bool isKnown = value.asString() &&
                     std::find(choice.values.begin(), choice.values.end(), *value.asString()) != choice.values.end();
      return isKnown ? "" : choice.text;
    }
  bool isCount = value.asInt() && *value.asInt() >= 1, isRoot = value.asString() && *value.asString() == "sqrt";
  return isCount || isRoot ? "" : "'recompute' keeps every k-th input: k must be a positive int, \"sqrt\" or none";
}

void ExperimentBuilder::readPolicies(const std::string &name, std::vector<Policy> &policies) {
  for (const Setting &setting : experiment.settings) {
    if (setting.rule || setting.name.text != name)
      continue;
    Context context = e.contextOf(*settings, setting.value->span);
    std::string pattern = setting.pattern ? e.evalString(*setting.pattern, context, "a pattern") : "*";
    Term value = e.eval(*setting.value, context);
    Site site{settings, setting.value->span};
    if (std::string fault = value.isNone() ? "" : faultOf(name, value); !fault.empty())
      e.reporter.fail(site, fault + ", not " + spell(value));
    policies.push_back({pattern, e.datumOf(site, value)});
  }
}

void ExperimentBuilder::checkPolicies() {
  std::set<std::string> paths;
  for (const Frame &frame : e.emitter.frames)
    paths.insert(frame.path);
  for (const Variables::Record *record : variables.ordered(false, false))
    paths.insert(record->variable.path);
  for (const Setting &setting : experiment.settings) {
    if (setting.rule || !setting.pattern || setting.name.text == "recompute")
      continue;
    std::string pattern = e.evalString(*setting.pattern, e.contextOf(*settings, setting.value->span), "a pattern");
    bool met = std::any_of(paths.begin(), paths.end(),
                           [&](const std::string &path) { return primitive::matchesPattern(path, pattern); });
    if (!met)
      e.reporter.warn({settings, setting.pattern->span}, "no path is like \"" + pattern + "\": this has no effect");
  }
}

void ExperimentBuilder::checkRecompute() {
  auto policy = program.settings.recompute.begin();
  for (const Setting &setting : experiment.settings) {
    if (setting.rule || setting.name.text != "recompute")
      continue;
    if (!policy->matched && !std::holds_alternative<std::monostate>(policy->value.value))
      e.reporter.warn({settings, setting.value->span},
                      "'recompute' concerns loops over time, and none matches \"" + policy->pattern + "\"");
    ++policy;
  }
}

//===----------------------------------------------------------------------===//
// The dataset
//===----------------------------------------------------------------------===//

Dataset ExperimentBuilder::readDataset(const DatasetUse &use) {
  const Declaration &declaration = *use.declaration;
  Scope &scope = e.newScope();
  BodyInfo &body = e.bodies[&declaration];
  if (declaration.function) {
    body = analyse(*declaration.function, nullptr);
    const Signature &signature = declaration.function->signature;
    scope.info = &body;
    scope.module = use.module;
    for (size_t i = 0; i < signature.parameters.size(); ++i) {
      const Parameter &parameter = signature.parameters[i];
      Context context = e.contextOf(scope, parameter.name.span);
      bool given = i < use.given.size() && use.given[i];
      if (!given && !parameter.value)
        e.reporter.fail({settings, parameter.name.span},
                        "the dataset '" + declaration.name.text + "' still needs " + parameter.name.text);
      Term term = given ? *use.given[i] : e.eval(*parameter.value, context);
      if (parameter.type)
        term = e.typed(term, *parameter.type, context, {&scope, parameter.name.span}, parameter.name.text);
      scope.arguments.push_back(std::move(term));
    }
  }
  scope.module = use.module;
  scope.name = scope.stream = declaration.name.text;
  Dataset dataset;
  dataset.name = declaration.name.text;
  for (const DatasetField &field : declaration.fields) {
    if (field.type)
      dataset.fields.push_back(readField(field, scope));
    else if (field.name.text == "train")
      dataset.train = readSource(field, scope);
    else if (field.name.text == "eval")
      dataset.eval = readSource(field, scope);
    else
      e.reporter.fail({&scope, field.name.span},
                      "a dataset has the sources 'train' and 'eval', not '" + field.name.text + "'");
  }
  if (dataset.train.empty())
    e.reporter.fail({&scope, declaration.name.span}, "the dataset '" + dataset.name + "' has no source 'train'");
  if (dataset.eval.empty())
    e.reporter.fail({&scope, declaration.name.span}, "the dataset '" + dataset.name + "' has no source 'eval'");
  return dataset;
}

DataField ExperimentBuilder::readField(const DatasetField &field, Scope &scope) {
  Context context = e.contextOf(scope, field.name.span);
  DataField result;
  result.name = field.name.text;
  std::vector<AxisId> names;
  result.type = e.knownType(*field.type, context, names);
  if (!field.value)
    return result;
  const Expr &range = stripped(*field.value);
  if (range.kind != Expr::Kind::Range)
    e.reporter.fail({&scope, range.span}, "the values of a field lie in a range, as in 0..9");
  result.low = e.evalInt(*range.children[0], context, "the lowest value");
  result.high = e.evalInt(*range.children[1], context, "the highest value");
  if (*result.low > *result.high)
    e.reporter.fail({&scope, range.span},
                    "no value lies in " + std::to_string(*result.low) + ".." + std::to_string(*result.high));
  return result;
}

std::vector<PipelineStep> ExperimentBuilder::readSource(const DatasetField &field, Scope &scope) {
  Term term = e.eval(*field.value, e.contextOf(scope, field.name.span));
  if (!term.asPipeline())
    e.reporter.fail({&scope, field.value->span},
                    "'" + field.name.text + "' must be a data pipeline, not " + kindOf(term));
  return term.asPipeline()->steps;
}
