//===- SweepResults.h - What the runs of a sweep have shown -----*- C++ -*-===//
#pragma once

#include <filesystem>
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

/// How far a run is. With `stopsEarly`, one that was stopped after a number of steps is done as well.
RunState stateOf(const SweepRun &run, bool stopsEarly);

/// Writes table.md and loss.svg of all runs that are done.
void writeResults(const std::vector<SweepRun> &runs, const std::filesystem::path &folder);

} // namespace nacre::tool
