//===- SweepResults.h - What the runs of a sweep have shown -----*- C++ -*-===//
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nacre::tool {

/// One combination of a sweep and the folder of its run.
struct SweepRun {
  std::vector<std::pair<std::string, std::string>> values; ///< config, value
  std::filesystem::path folder;

  /// "layers=3, size=64"
  std::string name() const;
};

enum class RunState { New, Begun, Done };

/// How far a run is. With `stopsEarly`, one that was stopped after a number of steps is done as well, and always one
/// that diverged: it would again.
RunState stateOf(const SweepRun &run, bool stopsEarly);

/// What a run is to be trained with.
struct SweepPlan {
  std::vector<std::pair<std::string, std::string>> configs; ///< all of them
  int64_t batch = 0, seed = 0;
  std::optional<int64_t> epochs; ///< if the command line says so
};

/// In what the training that the run's folder holds differs from the plan: "width = 64, not 16". Empty if in nothing.
std::string differenceOf(const SweepRun &run, const SweepPlan &plan);

/// Writes table.md and loss.svg of all runs that have ended, the best first, and gives the table.
std::string writeResults(const std::vector<SweepRun> &runs, bool maximize, const std::filesystem::path &folder);

} // namespace nacre::tool
