//===- Trainer.h - The training loop ----------------------------*- C++ -*-===//
//
// Runs the updates of an experiment, evaluates, keeps checkpoints and metrics, and
// ends so that the run can go on exactly where it stopped.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>

#include "runtime/core/Console.h"
#include "runtime/data/Loader.h"
#include "runtime/data/PendingPipeline.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/Evaluator.h"
#include "runtime/train/MetricsLog.h"
#include "runtime/train/Summary.h"
#include "runtime/train/Updater.h"

namespace nacre::runtime {

struct TrainOptions {
  DataOptions data;
  std::string out;     ///< folder; empty: that of `resume`, else runs/EXPERIMENT
  std::string resume;  ///< checkpoint to go on from
  std::string weights; ///< parameters and states of the network to begin with
  std::optional<int64_t> epochs, steps, seed;
};

class Trainer {
public:
  Trainer(const abi::Model &model, const TrainOptions &options, Console &console);

  /// Trains until the plan is done, --steps or a signal ends it, or patience. Throws a UserError on a loss that is no
  /// finite number, after saving the last good state.
  void run();

private:
  enum class End { Finished, Steps, Patience, Signal, Diverged };
  using Clock = std::chrono::steady_clock;

  void begin(const std::string &resume);
  void announce();
  End loop();
  bool mayRunAhead() const;
  void beginUpdate(Loader &loader);
  void finishUpdate();
  void finishUpdates();
  template <class Work> decltype(auto) withData(Work &&work);
  void countTime(double seconds);
  void afterUpdate(Values values);
  bool isSkipped(Values &values);
  [[noreturn]] void stopAtBadLoss(double loss);
  [[noreturn]] void stopAtLeastScale(double scale);
  bool evaluateNow();
  void judge(const Values &evaluated);
  void report(const Values &line);
  void save(const std::string &name);
  void saveBest();
  bool isSaveDue(int64_t step) const;
  void showProgress(const Values &values);
  void finish(End end);
  void summarize(End end);
  RunTimes timesSoFar() const;
  void checkEvaluationData();
  void takeEvaluationData();

  Moment moment() const { return momentOf(progress.step); }
  Moment momentOf(int64_t step) const;
  /// Updates of the run, with those under way.
  int64_t newestStep() const { return progress.step + underWay; }
  double epochOf(int64_t step) const;
  /// Whether the update that led to `step` ended a multiple of `every` epochs.
  bool endsEpochs(int64_t step, int64_t every) const;
  std::string file(const std::string &name) const;

  TrainOptions options;
  Console &console;
  Settings settings;
  std::string folder;
  Clock::time_point started = Clock::now(), saved = started;
  Clock::duration saveDuration{};
  PendingPipeline opening;
  std::optional<PendingPipeline> openingEvaluation;
  Machine machine;
  Updater updater;
  std::optional<Pipeline> trainData, evalData;
  RunIdentity identity{};
  Progress progress;
  std::optional<MetricsLog> log;
  Values lastLine;
  int64_t firstStep = 0;
  int64_t underWay = 0;        ///< updates that have begun; their results have not been read
  Clock::time_point finished;  ///< when the last update was, or the first of those under way began
  RunTimes times, timesBefore; ///< of this process; of those before it
  double pace = 0;             ///< seconds of an update, lately
};

} // namespace nacre::runtime
