//===- Experiment.cpp - The settings of an experiment as tables -----------===//

#include "Emit/Experiment.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using llvm::json::Value;

namespace nacre::emit {
namespace {

std::string text(const Value &value) { return llvm::formatv("{0}", value); }

Value json(const lang::Datum &datum) {
  if (auto *integer = std::get_if<int64_t>(&datum.value))
    return *integer;
  if (auto *number = std::get_if<double>(&datum.value))
    return *number;
  if (auto *truth = std::get_if<bool>(&datum.value))
    return *truth;
  if (auto *string = std::get_if<std::string>(&datum.value))
    return *string;
  auto *list = std::get_if<std::vector<lang::Datum>>(&datum.value);
  if (!list)
    return nullptr;
  llvm::json::Array array;
  for (const lang::Datum &element : *list)
    array.push_back(json(element));
  return array;
}

Value json(const std::vector<lang::Policy> &policies) {
  llvm::json::Object object;
  for (const lang::Policy &policy : policies)
    object[policy.pattern] = json(policy.value);
  return object;
}

template <class T> Value json(const std::optional<T> &value) { return value ? Value(*value) : Value(nullptr); }

std::vector<table::Setting> settingsOf(const lang::Program &program) {
  const lang::Settings &settings = program.settings;
  const std::pair<const char *, Value> rows[] = {
      {"batch", settings.batch},
      {"epochs", json(settings.epochs)},
      {"samples", json(settings.samples)},
      {"steps", json(settings.steps)},
      {"seed", settings.seed},
      {"data", program.dataset.name},
      {"best", settings.best},
      {"maximize", settings.maximize},
      {"patience", json(settings.patience)},
      {"eval_every", settings.evalEvery},
      {"save_every", settings.saveEvery},
      {"accumulate", settings.accumulate},
      {"precision", json(settings.precision)},
      {"recompute", json(settings.recompute)},
      {"memory", json(settings.memory)},
  };
  std::vector<table::Setting> result;
  for (const auto &[name, value] : rows)
    result.push_back({name, text(value)});
  return result;
}

/// A config's value, which is text as `-D` takes it: JSON if it is a number or a truth value, else a string.
std::string configText(const std::string &value) {
  llvm::Expected<Value> parsed = llvm::json::parse(value);
  if (parsed && parsed->kind() != Value::String)
    return text(*parsed);
  llvm::consumeError(parsed.takeError());
  bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value : text(Value(value));
}

std::string nameOf(lang::DType dtype) {
  switch (dtype) {
  case lang::DType::Float:
    return "f32";
  case lang::DType::Int:
    return "i32";
  case lang::DType::U8:
    return "u8";
  case lang::DType::Bool:
    return "bool";
  }
  return "";
}

table::Field field(const lang::DataField &from) {
  table::Field field;
  field.name = from.name;
  field.dtype = nameOf(from.type.dtype);
  for (int64_t size : from.type.shape)
    field.shape.push_back({size});
  field.ranged = from.low && from.high;
  field.low = from.low.value_or(0);
  field.high = from.high.value_or(0);
  return field;
}

std::vector<table::Step> pipeline(const std::vector<lang::PipelineStep> &steps) {
  std::vector<table::Step> result;
  for (const lang::PipelineStep &from : steps) {
    table::Step step{from.name, {}};
    for (const auto &[name, value] : from.arguments)
      step.arguments.push_back({name, text(json(value))});
    result.push_back(std::move(step));
  }
  return result;
}

} // namespace

void addExperiment(table::Model &model, const lang::Program &program) {
  model.settings = settingsOf(program);
  for (const auto &[name, value] : program.configs)
    model.configs.push_back({name, configText(value)});
  for (const lang::DataField &from : program.dataset.fields)
    model.fields.push_back(field(from));
  model.trainData = pipeline(program.dataset.train);
  model.evalData = pipeline(program.dataset.eval);
}

} // namespace nacre::emit
