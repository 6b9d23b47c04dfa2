//===- Emulator.cpp - Kernels of a GPU, run on the CPU --------------------===//

#include "runtime/emulator/Emulator.h"
#include "runtime/emulator/Block.h"

using namespace nacre::runtime;

struct Emulator::State {
  explicit State(LaneOrder order) : block(order) {}

  emulator::Block block;
};

Emulator::Emulator(LaneOrder order) : state(std::make_unique<State>(order)) {}

Emulator::~Emulator() = default;

void Emulator::launch(const Launch &launch) {
  if (launch.threads < 1 || launch.threads > 1024)
    internalError("{}: a block cannot have {} threads", launch.kernel, launch.threads);
  state->block.beginLaunch(launch);
  for (int64_t number = 0; number < launch.blocks; ++number)
    state->block.run(number);
}
