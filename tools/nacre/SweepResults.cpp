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

/// A run that has ended, or been stopped.
struct Result {
  SweepRun run;
  Json summary;

  std::optional<double> best() const {
    const Json best = summary.value("best", Json::object());
    return best.contains("value") && best["value"].is_number() ? std::optional(best["value"].get<double>())
                                                               : std::nullopt;
  }
};

/// The best first; those without an evaluation last.
std::vector<Result> resultsOf(const std::vector<SweepRun> &runs, bool maximize) {
  auto isBetter = [&](const Result &a, const Result &b) {
    std::optional<double> x = a.best(), y = b.best();
    return x && y ? (maximize ? *x > *y : *x < *y) : x && !y;
  };
  std::vector<Result> results;
  for (const SweepRun &run : runs)
    if (Json summary = summaryOf(run); summary.is_object()) {
      Result result{run, std::move(summary)};
      results.insert(std::upper_bound(results.begin(), results.end(), result, isBetter), result);
    }
  return results;
}

std::string numberText(const Json &value) {
  return value.is_number() ? fmt::format("{:.5g}", value.get<double>()) : "";
}

/// The metrics of whole passes that any of the runs has, or those of the last batch where there is nothing else.
std::vector<std::string> metricsOf(const std::vector<Result> &results) {
  std::vector<std::string> names, ofBatches;
  for (const Result &result : results)
    for (const auto &[name, value] : result.summary["metrics"].items()) {
      std::vector<std::string> &list = name.find('/') != std::string::npos ? names : ofBatches;
      if (name != "lr" && std::find(list.begin(), list.end(), name) == list.end())
        list.push_back(name);
    }
  return names.empty() ? ofBatches : names;
}

/// How a run ended before its time.
std::string endText(const Json &summary) {
  std::string reason = summary.value("reason", "");
  if (reason == "finished")
    return "";
  return fmt::format("{} at step {}", reason == "diverged" ? "diverged" : "stopped",
                     grouped(summary.value("step", int64_t(0))));
}

std::vector<std::string> cellsOf(const Result &result, const std::vector<std::string> &metrics) {
  const Json &summary = result.summary;
  std::vector<std::string> cells;
  for (const auto &[config, value] : result.run.values)
    cells.push_back(value);
  cells.push_back(grouped(summary.value("parameters", int64_t(0))));
  for (const std::string &metric : metrics)
    cells.push_back(numberText(summary["metrics"].value(metric, Json())));
  std::optional<double> best = result.best();
  cells.push_back(best ? numberText(*best) : "");
  cells.push_back(numberText(summary.value("samples_per_s", Json())));
  cells.push_back(fmt::format("{:.2f}", summary.value("seconds", 0.0) / 60));
  cells.push_back(endText(summary));
  return cells;
}

/// Rows of cells, in columns that line up; a column that is empty in all rows is left out.
std::string markdown(std::vector<std::vector<std::string>> rows) {
  std::vector<size_t> widths(rows.front().size());
  for (size_t column = 0; column < widths.size(); ++column) {
    for (size_t row = 1; row < rows.size(); ++row)
      widths[column] = std::max(widths[column], rows[row][column].size());
    if (widths[column] > 0)
      widths[column] = std::max(widths[column], rows[0][column].size());
  }
  std::vector<std::string> rule;
  for (size_t width : widths)
    rule.push_back(std::string(width > 0 ? width - 1 : 0, '-') + ":");
  rows.insert(rows.begin() + 1, rule);
  std::string text;
  for (const std::vector<std::string> &row : rows) {
    for (size_t column = 0; column < widths.size(); ++column)
      if (widths[column] > 0)
        text += fmt::format("| {:>{}} ", row[column], widths[column]);
    text += "|\n";
  }
  return text;
}

std::string table(const std::vector<Result> &results) {
  std::vector<std::string> metrics = metricsOf(results), head;
  const Result &first = results.front();
  for (const auto &[config, value] : first.run.values)
    head.push_back(config);
  head.push_back("parameters");
  head.insert(head.end(), metrics.begin(), metrics.end());
  head.push_back("best " + first.summary.value("best", Json::object()).value("metric", ""));
  head.insert(head.end(), {"samples/s", "minutes", "end"});
  std::vector<std::vector<std::string>> rows = {head};
  for (const Result &result : results)
    rows.push_back(cellsOf(result, metrics));
  return markdown(std::move(rows));
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
  if (reason == "finished" || reason == "patience" || reason == "diverged" || (stopsEarly && reason == "steps"))
    return RunState::Done;
  return std::filesystem::exists(run.folder / "last.safetensors") ? RunState::Begun : RunState::New;
}

std::string differenceOf(const SweepRun &run, const SweepPlan &plan) {
  Json summary = summaryOf(run);
  if (!summary.is_object())
    return "";
  auto difference = [](const std::string &name, const Json &there, const Json &here) {
    return there == here ? "" : fmt::format("{} = {}, not {}", name, there.dump(), here.dump());
  };
  for (const auto &[name, text] : plan.configs) {
    Json here = Json::parse(text, nullptr, false);
    Json there = summary.value("configs", Json::object()).value(name, Json());
    if (std::string found = difference(name, there, here.is_discarded() ? Json(text) : here); !found.empty())
      return found;
  }
  auto number = [&](const char *name) { return summary.value(name, int64_t(0)); };
  int64_t batch = number("batch"), planned = number("steps");
  int64_t steps = plan.epochs ? *plan.epochs * number("samples") / plan.batch : planned;
  for (const std::string &found :
       {difference("batch", batch, plan.batch), difference("seed", number("seed"), plan.seed),
        difference("planned steps", planned, steps)})
    if (!found.empty())
      return found;
  return "";
}

std::string writeResults(const std::vector<SweepRun> &runs, bool maximize, const std::filesystem::path &folder) {
  std::vector<Result> results = resultsOf(runs, maximize);
  if (results.empty())
    return "";
  std::vector<Curve> curves;
  for (const Result &result : results)
    curves.push_back(lossCurve(result.run, result.summary.value("batch", int64_t(1))));
  std::string text = table(results);
  write(folder / "table.md", text);
  write(folder / "loss.svg", plotCurves(curves, "samples", "training loss"));
  return text;
}

} // namespace nacre::tool
