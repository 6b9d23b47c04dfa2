//===- Eval.cpp - BIN eval ------------------------------------------------===//
//
// Evaluates a checkpoint on the evaluation data.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/Commands.h"
#include "runtime/core/Error.h"
#include "runtime/data/PendingPipeline.h"
#include "runtime/train/Signals.h"
#include "runtime/train/Weights.h"

namespace nacre::runtime {

namespace {

void print(const Values &values, const EvalOptions &options, int64_t samples, Console &console) {
  if (options.json) {
    nlohmann::ordered_json json = {{"samples", samples}};
    for (const auto &[name, value] : values)
      json["eval/" + name] = value;
    return console.line(json.dump());
  }
  console.say("{} samples", countText(samples));
  for (const auto &[name, value] : values)
    console.say("  {:<16} {}", name, numberText(value));
}

} // namespace

int evalCommand(const abi::Model &model, const EvalOptions &options, Console &console) {
  catchSignals();
  Settings settings(model);
  SafetensorsFile checkpoint(options.checkpoint);
  Machine machine(model, options.data.threads);
  loadWeights(checkpoint.content, options.checkpoint, machine);
  if (model.evalData.empty())
    userError("the data set {} has no evaluation data", settings.data);
  DataFolder folder(options.data.folder, settings.data);
  Pipeline data = PendingPipeline(model.evalData, model.fields, folder, options.data).get(console);
  Moment run{.seed = checkpointSeed(checkpoint.content).value_or(settings.seed)};
  std::optional<Evaluation> evaluation = evaluate(machine, data, run, console);
  constexpr int interrupted = 130;
  if (!evaluation)
    return interrupted;
  print(evaluation->values, options, data.size(), console);
  if (!options.sheet.empty() && !evaluation->sheet.empty())
    evaluation->sheet.write(options.sheet);
  return 0;
}

} // namespace nacre::runtime
