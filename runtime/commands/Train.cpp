//===- Train.cpp - BIN train ----------------------------------------------===//
//
// Trains the experiment.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/Commands.h"
#include "runtime/train/Signals.h"

namespace nacre::runtime {

int trainCommand(const abi::Model &model, const TrainOptions &options, Console &console) {
  catchSignals();
  Trainer(model, options, console).run();
  return 0;
}

} // namespace nacre::runtime
