//===- Commands.h - What a training binary can do ---------------*- C++ -*-===//
//
// One function for each command. They return the exit status; errors are thrown.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/Trainer.h"

namespace nacre::runtime {

int trainCommand(const abi::Model &model, const TrainOptions &options, Console &console);

struct EvalOptions {
  DataOptions data;
  std::string checkpoint;
  std::string sheet; ///< where to write the pictures; empty: nowhere
  bool json = false;
};
int evalCommand(const abi::Model &model, const EvalOptions &options, Console &console);

struct ExportOptions {
  std::string checkpoint, out;
};
int exportCommand(const abi::Model &model, const ExportOptions &options, Console &console);

struct BenchOptions {
  int64_t steps = 20;
  int threads = 1;
  bool json = false;
  bool kernels = false; ///< show the time of each kernel
};
int benchCommand(const abi::Model &model, const BenchOptions &options, Console &console);

struct InfoOptions {
  bool json = false;
};
int infoCommand(const abi::Model &model, const InfoOptions &options, Console &console);

/// Runs one entry on tensors from a file: what tests compare against other implementations.
struct StepOptions {
  std::string in, out;
  std::string entry = "train";
  int64_t step = 0;
  std::optional<int64_t> draw, seed, steps; ///< unless given, `step` counts the draws
  std::optional<double> stepsPerEpoch;
  int threads = 1;
};
int stepCommand(const abi::Model &model, const StepOptions &options, Console &console);

struct GradCheckOptions {
  std::string checkpoint; ///< of the parameters; empty: freshly drawn ones
  int64_t seed = 1;
  double tolerance = 1e-5;
  int threads = 1;
  bool json = false;
};
int gradCheckCommand(const abi::Model &model, const GradCheckOptions &options, Console &console);

} // namespace nacre::runtime
