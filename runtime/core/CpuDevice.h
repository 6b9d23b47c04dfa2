//===- CpuDevice.h - Models on the processor --------------------*- C++ -*-===//
//
// The arena is memory of this process and kernels are functions in it: reads and
// writes are in place, and a run has ended when it returns.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Arena.h"
#include "runtime/core/Device.h"
#include "runtime/core/Pool.h"

namespace nacre::runtime {

class CpuDevice : public Device {
public:
  CpuDevice(int threads, int64_t arenaBytes) : arena(arenaBytes, "this model"), pool(threads) {}

  char *write(int64_t offset, int64_t) override { return arena.data() + offset; }
  const char *read(int64_t offset, int64_t) override { return arena.data() + offset; }
  void run(const abi::Entry &, const Schedule &schedule, std::span<double> seconds) override {
    pool.run(schedule, arena.data(), seconds);
  }
  std::string name() const override;
  bool sharesLaunches() const override { return pool.threads() > 1; }
  Peak peak() override { return measurePeak(pool); }

private:
  Arena arena;
  Pool pool;
};

} // namespace nacre::runtime
