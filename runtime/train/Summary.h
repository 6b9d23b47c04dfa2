//===- Summary.h - summary.json ---------------------------------*- C++ -*-===//
//
// What came out of a run, for people and for the sweep's table.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/Checkpoint.h"

namespace nacre::runtime {

/// How long a run took, in seconds.
struct RunTimes {
  double total = 0;
  double training = 0; ///< of the updates
  double waiting = 0;  ///< for data, a part of that
  int64_t updates = 0; ///< that these are times of

  RunTimes operator+(const RunTimes &other) const;
};

/// What the summary in that folder says of the run up to `step`; nothing if it is of another moment.
RunTimes timesUntil(const std::string &folder, int64_t step);

struct RunSummary {
  std::string_view reason; ///< "finished", "steps", "patience", "signal", "diverged"
  RunTimes times;          ///< of all processes whose summaries were kept
  double epoch;
  int64_t samplesPerUpdate;
  int threads;
  std::string metric; ///< that chose the best
};

/// `last` is the last line of the metrics.
void writeSummary(const std::string &path, const abi::Model &model, const RunIdentity &run, const Progress &progress,
                  const Values &last, const RunSummary &summary);

/// The process's largest resident memory so far, in bytes.
int64_t peakMemory();

} // namespace nacre::runtime
