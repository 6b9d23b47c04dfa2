//===- SweepResults.cpp - What the runs of a sweep have shown -------------===//

#include "SweepResults.h"
#include "Command.h"
#include "Plot.h"
#include "Quantity.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

namespace nacre::tool {
namespace {

using Json = nlohmann::ordered_json;

/// summary.json of a run; null if there is none, or half of one.
Json summaryOf(const SweepRun &run) {
  std::ifstream in(run.folder / "summary.json");
  Json summary = Json::parse(in, nullptr, false);
  return summary.is_object() && summary.contains("metrics") ? summary : Json();
}

std::string numberText(const Json &value) { return value.is_number() ? fmt::format("{:.5g}", value.get<double>()) : ""; }

std::string row(const std::vector<std::string> &cells) { return fmt::format("| {} |\n", fmt::join(cells, " | ")); }

/// Metrics that any of the runs has; the learning rate says nothing at the end.
std::vector<std::string> metricsOf(const std::vector<Json> &summaries) {
  std::vector<std::string> names;
  for (const Json &summary : summaries)
    for (const auto &[name, value] : summary["metrics"].items())
      if (name != "lr" && std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
  return names;
}

std::string table(const std::vector<SweepRun> &runs, const std::vector<Json> &summaries) {
  std::vector<std::string> metrics = metricsOf(summaries), head;
  for (const auto &[config, value] : runs.front().values)
    head.push_back(config);
  head.push_back("parameters");
  head.insert(head.end(), metrics.begin(), metrics.end());
  head.insert(head.end(), {"best", "samples/s", "seconds"});

  std::string text = row(head);
  text += row(std::vector<std::string>(head.size(), "---:"));
  for (size_t i = 0; i < runs.size(); ++i) {
    const Json &summary = summaries[i];
    std::vector<std::string> cells;
    for (const auto &[config, value] : runs[i].values)
      cells.push_back(value);
    cells.push_back(grouped(summary.value("parameters", int64_t(0))));
    for (const std::string &metric : metrics)
      cells.push_back(numberText(summary["metrics"].value(metric, Json())));
    cells.push_back(summary.contains("best") ? numberText(summary["best"].value("value", Json())) : "");
    cells.push_back(numberText(summary.value("samples_per_s", Json())));
    cells.push_back(fmt::format("{:.0f}", summary.value("seconds", 0.0)));
    text += row(cells);
  }
  return text;
}

/// The training loss of a run over the samples it has seen.
Curve lossCurve(const SweepRun &run, int64_t batch) {
  Curve curve{run.name(), {}};
  std::ifstream in(run.folder / "metrics.jsonl");
  for (std::string line; std::getline(in, line);) {
    Json entry = Json::parse(line, nullptr, false);
    if (entry.is_object() && entry.contains("step") && entry.contains("loss") && entry["loss"].is_number())
      curve.points.emplace_back(entry["step"].get<double>() * batch, entry["loss"].get<double>());
  }
  return curve;
}

void write(const std::filesystem::path &path, const std::string &text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out)
    throw Exit{UsersError, fmt::format("cannot write \"{}\"", path.string())};
}

} // namespace

std::string SweepRun::name() const {
  std::string name;
  for (const auto &[config, value] : values)
    name += (name.empty() ? "" : ", ") + config + "=" + value;
  return name;
}

RunState stateOf(const SweepRun &run, bool stopsEarly) {
  Json summary = summaryOf(run);
  std::string reason = summary.is_object() ? summary.value("reason", "") : "";
  if (reason == "finished" || reason == "patience" || (stopsEarly && reason == "steps"))
    return RunState::Done;
  return std::filesystem::exists(run.folder / "last.safetensors") ? RunState::Begun : RunState::New;
}

void writeResults(const std::vector<SweepRun> &runs, const std::filesystem::path &folder) {
  std::vector<SweepRun> done;
  std::vector<Json> summaries;
  std::vector<Curve> curves;
  for (const SweepRun &run : runs)
    if (Json summary = summaryOf(run); summary.is_object()) {
      done.push_back(run);
      curves.push_back(lossCurve(run, summary.value("batch", int64_t(1))));
      summaries.push_back(std::move(summary));
    }
  if (done.empty())
    return;
  write(folder / "table.md", table(done, summaries));
  write(folder / "loss.svg", plotCurves(curves, "samples", "training loss"));
}

} // namespace nacre::tool
