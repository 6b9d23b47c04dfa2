//===- Summary.cpp - summary.json -----------------------------------------===//
//
// Writes the summary of a run.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Summary.h"

#include "runtime/files/AtomicFile.h"

#include <sys/resource.h>

namespace nacre::runtime {

namespace {

nlohmann::ordered_json object(abi::List<abi::Setting> settings) {
  nlohmann::ordered_json result = nlohmann::ordered_json::object();
  for (const abi::Setting &setting : settings)
    result[setting.name] = nlohmann::ordered_json::parse(setting.value, nullptr, false);
  return result;
}

} // namespace

int64_t peakMemory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

void writeSummary(const std::string &path, const abi::Model &model, const RunIdentity &run, const Progress &progress,
                  const Values &last, const RunSummary &summary) {
  nlohmann::ordered_json json = {{"experiment", model.experiment},
                                 {"file", model.file},
                                 {"target", model.target},
                                 {"precision", model.precision},
                                 {"configs", object(model.configs)},
                                 {"parameters", parameterCount(model)},
                                 {"reason", summary.reason},
                                 {"step", progress.step},
                                 {"steps", run.horizon.steps},
                                 {"epoch", summary.epoch},
                                 {"batch", run.batch},
                                 {"samples", run.sampleCount},
                                 {"seed", run.seed}};
  nlohmann::ordered_json metrics = nlohmann::ordered_json::object();
  for (const auto &[name, value] : last)
    metrics[name] = value;
  json["metrics"] = metrics;
  if (progress.best)
    json["best"] = {{"metric", summary.metric}, {"value", *progress.best}, {"step", progress.bestStep}};
  json["seconds"] = summary.seconds;
  json["step_ms"] = summary.updates > 0 ? 1000 * summary.trainSeconds / summary.updates : 0;
  json["samples_per_s"] =
      summary.trainSeconds > 0 ? summary.updates * summary.samplesPerUpdate / summary.trainSeconds : 0;
  json["threads"] = summary.threads;
  json["peak_bytes"] = peakMemory();
  writeFile(path, json.dump(2) + "\n");
}

} // namespace nacre::runtime
