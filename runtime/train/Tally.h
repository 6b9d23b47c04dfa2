//===- Tally.h - Sums of losses and metrics over batches --------*- C++ -*-===//
//
// Averages the loss and the metrics by samples, sums totals, and lets the model's
// entry "finish" turn totals into metrics.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/Machine.h"

namespace nacre::runtime {

/// Names with values, in the order the model gives them.
using Values = std::vector<std::pair<std::string, double>>;

/// The value of that name, or null.
const double *findValue(const Values &values, std::string_view name);

class Tally {
public:
  /// Adds what `entry` has left, which ran so many runs ago.
  void add(const Machine &machine, const abi::Entry &entry, int64_t samples, int runsAgo = 0);
  void add(const Tally &other);

  /// The means, "loss" first, then the metrics, then those that `finish` makes of totals.
  Values results(Machine &machine, const Moment &moment) const;

  bool empty() const { return samples == 0; }

  nlohmann::json save() const;
  /// Throws a json exception on what `save` did not make.
  static Tally restore(const nlohmann::json &saved);

private:
  int64_t samples = 0;
  Values sums;                                                     ///< value x samples
  std::vector<std::pair<std::string, std::vector<double>>> totals; ///< by elements
};

/// The loss, learning rate and metrics of one batch, as `entry` has left them, which ran so many runs ago.
Values batchValues(const Machine &machine, const abi::Entry &entry, int runsAgo = 0);

} // namespace nacre::runtime
