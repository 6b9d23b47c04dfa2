//===- Gpu.cpp - The GPU a model runs on ----------------------------------===//
//
// Environment variables of the driver choose among several.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/Gpu.h"

#include "runtime/core/Error.h"

#include <iterator>

namespace nacre::runtime::cuda {

namespace {

/// Multiplications and additions that a multiprocessor does in a clock, with sums in f32.
struct Rates {
  int capability; ///< And later ones.
  double f32, tf32, half, f64;
};

constexpr Rates rates[] = {{100, 256, 4096, 8192, 128}, {90, 256, 2048, 4096, 128}, {89, 256, 512, 1024, 4},
                           {86, 256, 512, 1024, 4},     {80, 128, 1024, 2048, 64},  {0, 128, 128, 1024, 64}};

} // namespace

Gpu::Gpu(Architecture needed) {
  if (make<int>(driver().deviceGetCount) == 0)
    fail(Status::NoDevice, driver().deviceGetCount.name);
  device = make<int>(driver().deviceGet, 0);
  if (!needed.codeRunsOn(capability()) && !needed.ptxRunsOn(capability()))
    userError("this binary was built for GPUs of {}, this one ({}) is of {}: build it with --target cuda:sm_{}",
              needed.name(), name(), Architecture{capability()}.name(), capability());
  context = make<Context>(driver().primaryContextRetain, device);
  enter();
}

Gpu::~Gpu() {
  if (context)
    driver().primaryContextRelease.attempt(device);
}

std::string Gpu::name() const {
  char text[256] = {};
  driver().deviceGetName(text, sizeof(text), device);
  return text;
}

Peak Gpu::peak(std::string_view precision) const {
  constexpr double kilo = 1e3, giga = 1e9, transfersPerClock = 2, bitsPerByte = 8;
  const Rates *found = rates;
  while (capability() < found->capability)
    ++found;
  double rate = precision == "f32"    ? found->f32
                : precision == "f64"  ? found->f64
                : precision == "tf32" ? found->tf32
                                      : found->half;
  double clocks = kilo * attribute(DeviceAttribute::ClockKilohertz) * attribute(DeviceAttribute::Multiprocessors);
  double transfers = kilo * attribute(DeviceAttribute::MemoryKilohertz) * transfersPerClock;
  return {rate * clocks / giga, transfers * attribute(DeviceAttribute::MemoryBusBits) / bitsPerByte / giga};
}

OwnedMemory Gpu::allocate(int64_t bytes, Stream stream) const {
  constexpr double gibi = 1024.0 * 1024 * 1024;
  DevicePointer memory = 0;
  Status status = driver().memoryAllocate.attempt(&memory, bytes);
  if (status == Status::OutOfMemory) {
    size_t free = 0, total = 0;
    driver().memoryGetInfo(&free, &total);
    userError("this model needs {:.1f} GiB of memory, this GPU has {:.1f} GiB, of which {:.1f} are free: choose a "
              "smaller batch",
              bytes / gibi, total / gibi, free / gibi);
  }
  if (status != Status::Ok)
    fail(status, driver().memoryAllocate.name);
  OwnedMemory owned(memory);
  driver().fill(memory, 0, bytes, stream);
  return owned;
}

} // namespace nacre::runtime::cuda
