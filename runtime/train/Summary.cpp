//===- Summary.cpp - summary.json -----------------------------------------===//
//
// Writes the summary of a run.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Summary.h"

#include "runtime/files/AtomicFile.h"

#include <filesystem>
#include <fstream>
#include <sys/resource.h>

namespace nacre::runtime {

namespace {

nlohmann::ordered_json object(abi::List<abi::Setting> settings) {
  nlohmann::ordered_json result = nlohmann::ordered_json::object();
  for (const abi::Setting &setting : settings)
    result[setting.name] = nlohmann::ordered_json::parse(setting.value, nullptr, false);
  return result;
}

double perUpdate(const RunTimes &times, double seconds) {
  return times.updates > 0 ? 1000 * seconds / static_cast<double>(times.updates) : 0;
}

} // namespace

RunTimes RunTimes::operator+(const RunTimes &other) const {
  return {total + other.total, training + other.training, waiting + other.waiting, updates + other.updates};
}

RunTimes timesUntil(const std::string &folder, int64_t step) {
  std::ifstream file(std::filesystem::path(folder) / "summary.json");
  nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  try {
    if (json.at("step") != step)
      return {};
    auto updates = json.at("timed_steps").get<int64_t>();
    auto sum = [&](const char *name) { return json.at(name).get<double>() / 1000 * static_cast<double>(updates); };
    return {json.at("seconds"), sum("step_ms"), sum("data_ms"), updates};
  } catch (const nlohmann::json::exception &) {
    return {}; // no summary, or none of ours
  }
}

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
                                 {"schedule", model.schedule},
                                 {"configs", object(model.configs)},
                                 {"parameters", parameterCount(model)},
                                 {"reason", summary.reason},
                                 {"step", progress.step},
                                 {"steps", run.horizon.steps},
                                 {"epoch", summary.epoch},
                                 {"batch", run.batch},
                                 {"samples", run.sampleCount},
                                 {"seed", run.seed}};
  if (progress.skipped > 0)
    json["skipped_steps"] = progress.skipped;
  nlohmann::ordered_json metrics = nlohmann::ordered_json::object();
  for (const auto &[name, value] : last)
    metrics[name] = value;
  json["metrics"] = metrics;
  if (progress.best)
    json["best"] = {{"metric", summary.metric}, {"value", *progress.best}, {"step", progress.bestStep}};
  const RunTimes &times = summary.times;
  json["seconds"] = times.total;
  json["step_ms"] = perUpdate(times, times.training);
  json["data_ms"] = perUpdate(times, times.waiting);
  json["timed_steps"] = times.updates;
  json["samples_per_s"] =
      times.training > 0 ? static_cast<double>(times.updates * summary.samplesPerUpdate) / times.training : 0;
  json["threads"] = summary.threads;
  json["peak_bytes"] = peakMemory();
  writeFile(path, json.dump(2) + "\n");
}

} // namespace nacre::runtime
