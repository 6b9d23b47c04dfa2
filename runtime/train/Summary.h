//===- Summary.h - summary.json ---------------------------------*- C++ -*-===//
//
// What came out of a run, for people and for the sweep's table.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/Checkpoint.h"

namespace nacre::runtime {

struct RunSummary {
  std::string_view reason; ///< "finished", "steps", "patience", "signal"
  double seconds;          ///< of this process
  double trainSeconds;     ///< of its updates
  double epoch;
  int64_t updates; ///< of this process
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
