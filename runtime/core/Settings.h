//===- Settings.h - What the experiment says --------------------*- C++ -*-===//
//
// The settings of the experiment, typed, and how long a run is to be.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/ABI.h"

namespace nacre::runtime {

struct Settings {
  explicit Settings(const abi::Model &model);

  int64_t batch;
  int64_t accumulate = 1; ///< batches in an update
  int64_t seed = 1;
  std::optional<int64_t> epochs, samples, steps; ///< at most one is set
  std::string data;                              ///< name of the data set
  std::string best = "loss";                     ///< the metric that chooses the best checkpoint
  bool maximize = false;
  std::optional<int64_t> patience;      ///< evaluations without improvement
  int64_t evalEvery = 1, saveEvery = 1; ///< epochs

  int64_t samplesPerUpdate() const { return batch * accumulate; }
};

/// How many updates a run has, and how many of them one pass over the data.
struct Horizon {
  int64_t steps;
  double stepsPerEpoch;

  bool operator==(const Horizon &) const = default;
};

/// `sampleCount` is the size of the training data. Throws a UserError if not even one update comes out.
Horizon horizonOf(const Settings &settings, int64_t sampleCount);

} // namespace nacre::runtime
