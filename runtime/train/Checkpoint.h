//===- Checkpoint.h - The whole state of a run in one file ------*- C++ -*-===//
//
// Parameters, states of the network and of the optimizer under their paths, and
// as metadata all that an exact continuation needs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Settings.h"
#include "runtime/files/Safetensors.h"
#include "runtime/train/Tally.h"

namespace nacre::runtime {

/// What must be the same when a run goes on.
struct RunIdentity {
  Horizon horizon;
  int64_t seed;
  int64_t batch;
  int64_t accumulate;
  int64_t sampleCount; ///< of the training data
};

/// How far a run is, besides its tensors.
struct Progress {
  int64_t step = 0;    ///< updates done
  int64_t skipped = 0; ///< updates that a loss scale was too large for
  Tally sinceEvaluation;
  std::optional<double> best; ///< value of the metric that chooses
  int64_t bestStep = 0;
  int64_t stale = 0; ///< evaluations since the best
  Values open;       ///< what the metrics say of `step`, if its evaluation is still to be done
  bool evaluationDue = false;
};

void saveCheckpoint(const std::string &path, const Machine &machine, const RunIdentity &run, const Progress &progress);

/// Reads all tensors of the model. Throws a UserError if the file is of another model.
void loadTensors(const Safetensors &file, const std::string &path, Machine &machine);

/// Reads how far the run was. Throws a UserError that says what differs if it cannot go on as `run`.
Progress loadProgress(const Safetensors &file, const std::string &path, const RunIdentity &run);

/// The seed a checkpoint was trained with, or nothing.
std::optional<int64_t> checkpointSeed(const Safetensors &file);

} // namespace nacre::runtime
