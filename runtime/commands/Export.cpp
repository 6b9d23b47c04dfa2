//===- Export.cpp - BIN export --------------------------------------------===//
//
// Writes the network of a checkpoint for other programs.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/Commands.h"
#include "runtime/train/Weights.h"

namespace nacre::runtime {

int exportCommand(const abi::Model &model, const ExportOptions &options, Console &console) {
  SafetensorsFile checkpoint(options.checkpoint);
  Machine machine(model, /*threads=*/1);
  loadWeights(checkpoint.content, options.checkpoint, machine);
  saveWeights(options.out, machine);
  console.say("{} parameters: {}", countText(parameterCount(model)), options.out);
  return 0;
}

} // namespace nacre::runtime
