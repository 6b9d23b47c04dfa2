//===- TuneResults.h - What measuring says of schedules ---------*- C++ -*-===//
//
// Pure: choices and times in, choices and text out.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "GraphToFused/ScheduleChoice.h"
#include "Pipeline/Compilation.h"

#include <map>

namespace nacre::tool {

/// Choices by the names of convolutions.
using Schedule = std::map<std::string, ScheduleChoice>;

/// Milliseconds of a step, and of each convolution in it.
struct StepTimes {
  double step = 0;
  std::map<std::string, double> convolutions;
};

/// Reads what `BIN bench --json` prints.
StepTimes readBench(const std::string &json);
/// Of each time the median over runs.
StepTimes medianOf(const std::vector<StepTimes> &runs);

/// What is varied at a time, all else as it is.
enum class Knob { Method, Parts, Block, Tile };
constexpr std::pair<Knob, const char *> knobs[] = {
    {Knob::Method, "method"}, {Knob::Parts, "parts"}, {Knob::Block, "block"}, {Knob::Tile, "tile"}};

/// Schedules that each change, of every convolution that has a further alternative, one choice in `now`.
std::vector<Schedule> variantsOf(Knob knob, const std::vector<Tunable> &tunables, const Schedule &now);
/// For each convolution the choice of the schedule that took the least time, times being in the order of `schedules`;
/// the first stays where another is not clearly faster.
Schedule fastest(const std::vector<Schedule> &schedules, const std::vector<StepTimes> &times);

/// The text of a file: a line for each convolution that was measured both ways.
std::string scheduleText(const std::string &target, const std::string &title, const Schedule &schedule,
                         const StepTimes &tuned, const StepTimes &byDefault);

} // namespace nacre::tool
