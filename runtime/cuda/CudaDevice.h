//===- CudaDevice.h - Models on a GPU ---------------------------*- C++ -*-===//
//
// The launches of an entry are recorded once, with copies of its losses and metrics
// behind them, and from then on started together. The host waits only where it reads:
// these come to one of two places by turns, so that those of a run can be read while the
// next one is under way.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <map>

#include "runtime/core/Device.h"
#include "runtime/cuda/Kernels.h"
#include "runtime/cuda/Uploads.h"

namespace nacre::runtime::cuda {

class CudaDevice : public Device {
public:
  CudaDevice(const abi::Model &model, int threads, int64_t arenaBytes);
  ~CudaDevice() override;

  char *write(int64_t offset, int64_t bytes) override;
  const char *read(int64_t offset, int64_t bytes) override;
  bool runsAhead() const override { return true; }
  const char *readResult(int64_t offset, int64_t bytes, int runsAgo) override;
  void run(const abi::Entry &entry, const Schedule &schedule, std::span<double> seconds) override;
  std::string name() const override { return gpu.name(); }
  Peak peak() override { return gpu.peak(model.precision); }

private:
  /// A copy of a result, in the host's memory after each run.
  struct Copy {
    int64_t offset, bytes;
    char *to;
  };
  /// An entry that is ready to run, with a place of its own for results.
  struct Recording {
    OwnedGraphProgram program;
    OwnedHostMemory memory;
    std::vector<Copy> copies;
    OwnedEvent ended;

    const Copy *find(int64_t offset, int64_t bytes) const;
  };

  Recording record(const abi::Entry &entry, const Schedule &schedule);
  void recordCopies(const abi::Entry &entry, Recording &recording);
  void launch(const abi::Launch &launch, Cursor &at);
  void runTimed(const abi::Entry &entry, const Schedule &schedule, std::span<double> seconds);
  void wait();
  void check(Status status, const char *call) const;

  const abi::Model &model;
  Gpu gpu;
  OwnedStream stream;
  OwnedMemory arena;
  Uploads uploads;
  Kernels kernels;
  std::map<std::pair<const abi::Entry *, bool>, Recording> recordings; ///< By the turn.
  std::map<int64_t, std::vector<char>> fetched;       ///< What was read since the last run or write, by offset.
  const Recording *last = nullptr, *before = nullptr; ///< The last two runs, unless they were timed.
  bool turn = false;                                  ///< That of the next run.
  const abi::Entry *running = nullptr;                ///< The last one that was begun.
};

} // namespace nacre::runtime::cuda
