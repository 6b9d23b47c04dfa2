//===- EmulatorDevice.cpp - Models on the emulated GPU --------------------===//
//
// Launches one after the other, each with what it is called in the model.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/EmulatorDevice.h"

#include "runtime/core/Pool.h"

#include <chrono>
#include <cstdlib>

namespace nacre::runtime {

static LaneOrder laneOrder() {
  const char *order = getenv("NACRE_LANES");
  return order && std::string_view(order) == "backward" ? LaneOrder::Backward : LaneOrder::Forward;
}

EmulatorDevice::EmulatorDevice(const abi::Model &model, int64_t arenaBytes)
    : model(model), arena(arenaBytes, "this model"), emulator(laneOrder()) {}

void EmulatorDevice::run(const abi::Entry &entry, const Schedule &schedule, std::span<double> seconds) {
  for (Cursor at(schedule); !at.atEnd(); at.next()) {
    auto start = std::chrono::steady_clock::now();
    const abi::Launch &launch = entry.launches[at.index()];
    const abi::Kernel &kernel = model.kernels[launch.kernel];
    emulator.launch({.function = reinterpret_cast<Emulator::Function>(reinterpret_cast<void *>(kernel.function)),
                     .kernel = kernel.name,
                     .label = launch.label,
                     .source = launch.source,
                     .arena = {arena.data(), static_cast<size_t>(arena.size())},
                     .args = {at.args(), at.task().args.size()},
                     .blocks = launch.items,
                     .threads = kernel.threads,
                     .sharedBytes = kernel.sharedBytes});
    if (!seconds.empty())
      seconds[at.index()] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
}

Peak EmulatorDevice::peak() {
  Pool pool(1);
  return measurePeak(pool);
}

} // namespace nacre::runtime
