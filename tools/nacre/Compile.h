//===- Compile.h - From a model to a stage or a binary ----------*- C++ -*-===//
#pragma once

#include "Command.h"
#include "Pipeline/Compilation.h"
#include "Progress.h"

namespace nacre::tool {

/// --target, --precision, --winograd and --schedule.
struct TargetOptions {
  std::string target = "cpu", precision, winograd; ///< Nothing said: as the experiment says.
  std::string schedule;

  void addOptions(CLI::App &command);
  void addSchedule(CLI::App &command);
};

/// Ends the command if there was a failure.
void require(const Outcome &outcome);

/// A compilation for that target, which says on `progress` where it is.
Compilation makeCompilation(const lang::Program &program, const TargetOptions &options, Progress &progress);

} // namespace nacre::tool
