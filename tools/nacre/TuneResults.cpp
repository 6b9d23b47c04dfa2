//===- TuneResults.cpp - What measuring says of schedules -----------------===//

#include "TuneResults.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace nacre::tool {
namespace {

/// Less than this is noise.
constexpr double clearlyFaster = 0.97;

double median(std::vector<double> values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The choices for one convolution that differ from `now` in one thing.
std::vector<ScheduleChoice> choicesOf(Knob knob, const Tunable &tunable, ScheduleChoice now) {
  now.method = tunable.method;
  std::vector<ScheduleChoice> choices;
  auto add = [&](auto &&change) {
    choices.push_back(now);
    change(choices.back());
  };
  switch (knob) {
  case Knob::Method:
    for (int64_t method : tunable.methods)
      choices.push_back({.method = method});
    break;
  case Knob::Parts:
    for (int64_t parts : tunable.parts)
      add([&](ScheduleChoice &choice) { choice.parts = parts; });
    break;
  case Knob::Block:
    for (int64_t block : tunable.blocks)
      add([&](ScheduleChoice &choice) { choice.block = block; });
    break;
  case Knob::Tile:
    for (auto [vectors, rows] : tunable.tiles)
      add([&, vectors = vectors, rows = rows](ScheduleChoice &choice) {
        choice.vectors = vectors;
        choice.rows = rows;
      });
    break;
  }
  return choices;
}

ScheduleChoice choiceIn(const Schedule &schedule, const std::string &name) {
  auto found = schedule.find(name);
  return found == schedule.end() ? ScheduleChoice() : found->second;
}

} // namespace

StepTimes readBench(const std::string &json) {
  StepTimes times;
  nlohmann::json bench = nlohmann::json::parse(json);
  times.step = bench["step_ms"];
  for (const auto &launch : bench["launches"])
    if (std::string name = launch["convolution"]; !name.empty())
      times.convolutions[name] += launch["ms"].get<double>();
  return times;
}

StepTimes medianOf(const std::vector<StepTimes> &runs) {
  std::vector<double> steps;
  std::map<std::string, std::vector<double>> convolutions;
  for (const StepTimes &run : runs) {
    steps.push_back(run.step);
    for (const auto &[name, time] : run.convolutions)
      convolutions[name].push_back(time);
  }
  StepTimes result{median(steps), {}};
  for (auto &[name, times] : convolutions)
    result.convolutions[name] = median(times);
  return result;
}

std::vector<Schedule> variantsOf(Knob knob, const std::vector<Tunable> &tunables, const Schedule &now) {
  std::vector<Schedule> variants;
  for (const Tunable &tunable : tunables) {
    std::vector<ScheduleChoice> choices = choicesOf(knob, tunable, choiceIn(now, tunable.name));
    if (choices.size() > variants.size())
      variants.resize(choices.size(), now);
    for (size_t i = 0; i < choices.size(); ++i)
      variants[i][tunable.name] = choices[i];
  }
  return variants;
}

Schedule fastest(const std::vector<Schedule> &schedules, const std::vector<StepTimes> &times) {
  Schedule best = schedules.front();
  for (const auto &[name, time] : times.front().convolutions) {
    double least = clearlyFaster * time;
    for (size_t i = 1; i < schedules.size(); ++i) {
      ScheduleChoice choice = choiceIn(schedules[i], name);
      auto measured = times[i].convolutions.find(name);
      if (choice == choiceIn(schedules[0], name) || measured == times[i].convolutions.end() ||
          measured->second >= least)
        continue;
      least = measured->second;
      best[name] = choice;
    }
  }
  return best;
}

std::string scheduleText(const std::string &target, const std::string &title, const Schedule &schedule,
                         const StepTimes &tuned, const StepTimes &byDefault) {
  std::string text = fmt::format("# {}: milliseconds of a step, medians.\n# A step takes {:.2f}, by default {:.2f}.\n"
                                 "target {}\n",
                                 title, tuned.step, byDefault.step, target);
  for (const auto &[name, time] : byDefault.convolutions) {
    ScheduleChoice choice = choiceIn(schedule, name);
    auto found = tuned.convolutions.find(name);
    bool isDefault = choice == ScheduleChoice() || found == tuned.convolutions.end();
    text += fmt::format("{}: {}  # ", name, choice.text());
    text += isDefault ? fmt::format("{:.3f}\n", time) : fmt::format("{:.3f}, by default {:.3f}\n", found->second, time);
  }
  return text;
}

} // namespace nacre::tool
