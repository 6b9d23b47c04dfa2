//===- Updater.h - One update of the parameters -----------------*- C++ -*-===//
//
// An update is the entry "train", run on one batch. Where the experiment accumulates
// gradients, it is "train" on several batches, each of which adds to the gradients,
// and then "apply". An update of one batch may begin before the one in front of it is
// finished, if the device runs ahead: a loss that is no finite number keeps it from
// changing anything.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>

#include "runtime/train/Tally.h"

namespace nacre::runtime {

class Updater {
public:
  Updater(Machine &machine, int64_t accumulate);

  /// Begins the update number `moment.step`.
  void begin(const Moment &moment);
  /// Runs the batch that lies in the inputs of "train". No two batches draw the same.
  void addBatch(std::span<double> launchSeconds = {});
  /// Changes the parameters where "train" has not done so, and returns what is to be said of the update: means over its
  /// batches, and the learning rate. Of one that was `skipped` only the loss scale is new. If another update has begun
  /// since, `updatesAgo` is 1.
  Values finish(int updatesAgo = 0, std::span<double> launchSeconds = {});
  /// A loss that was no finite number, among those known of this update: it is lost then.
  std::optional<double> badLoss() const;
  /// Brings the states of the network back to where they were, if an update has begun and not ended.
  void undo();

  int64_t accumulate() const { return batches; }
  /// Whether an update may begin before the one in front of it is finished.
  bool runsAhead() const { return machine.runsAhead() && !apply && !hasLossScale(); }
  /// The sums of the batches of the update that was finished last.
  const Tally &tally() const { return sums; }

private:
  /// Whether an update is skipped where anything in it is not finite: then this is no reason to stop.
  bool hasLossScale() const { return findPort((apply ? *apply : train).results, "loss_scale"); }
  void collect(int runsAgo);
  void forget();

  Machine &machine;
  int64_t batches;
  const abi::Entry &train;
  const abi::Entry *apply;
  Moment moment;
  std::vector<char> states; ///< of the network, as they were; empty between updates
  Values values;
  Tally sums;
};

} // namespace nacre::runtime
