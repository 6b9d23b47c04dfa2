//===- Updater.h - One update of the parameters -----------------*- C++ -*-===//
//
// An update is the entry "train", run on one batch. Where the experiment accumulates
// gradients, it is "train" on several batches, each of which adds to the gradients,
// and then "apply".
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/Tally.h"

namespace nacre::runtime {

class Updater {
public:
  Updater(Machine &machine, int64_t accumulate);

  /// Begins the update number `moment.step`.
  void begin(const Moment &moment);
  /// Runs the batch that lies in the inputs of "train", and returns its loss. No two batches draw the same.
  double addBatch(std::span<double> launchSeconds = {});
  /// Changes the parameters where "train" has not done so, and returns what is to be said of the update: means over its
  /// batches, and the learning rate. Of one that was `skipped` only the loss scale is new.
  Values finish(std::span<double> launchSeconds = {});
  /// Brings the states of the network back to where they were, if an update has begun and not ended.
  void undo();

  int64_t accumulate() const { return batches; }
  /// Whether an update is skipped where anything in it is not finite: then this is no reason to stop.
  bool hasLossScale() const { return findPort((apply ? *apply : train).results, "loss_scale"); }
  /// The sums of the batches of this update.
  const Tally &tally() const { return sums; }

private:
  Machine &machine;
  int64_t batches;
  const abi::Entry &train;
  const abi::Entry *apply;
  Moment moment;
  int64_t done = 0;         ///< batches of this update
  std::vector<char> states; ///< of the network, as they were; empty between updates
  Values values;
  Tally sums;
};

} // namespace nacre::runtime
