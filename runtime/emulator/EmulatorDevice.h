//===- EmulatorDevice.h - Models on the emulated GPU ------------*- C++ -*-===//
//
// The arena is memory of this process, and a run has ended when it returns. The
// environment variable NACRE_LANES=backward turns round the order of threads, which
// must not show in any bit.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Arena.h"
#include "runtime/core/Device.h"
#include "runtime/emulator/Emulator.h"

namespace nacre::runtime {

class EmulatorDevice : public Device {
public:
  EmulatorDevice(const abi::Model &model, int64_t arenaBytes);

  char *write(int64_t offset, int64_t) override { return arena.data() + offset; }
  const char *read(int64_t offset, int64_t) override { return arena.data() + offset; }
  void run(const abi::Entry &entry, const Schedule &schedule, std::span<double> seconds) override;
  std::string name() const override { return "emulated GPU"; }
  /// That of one thread of the processor.
  Peak peak() override;

private:
  const abi::Model &model;
  Arena arena;
  Emulator emulator;
};

} // namespace nacre::runtime
