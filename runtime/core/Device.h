//===- Device.h - Where a model lives and runs ------------------*- C++ -*-===//
//
// Owns the arena and runs the launches of entries: on the processor, on a GPU, or on
// the emulator of one. The arena need not be memory of this process, so it is reached
// by reads and writes only.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/core/Peak.h"
#include "runtime/core/Schedule.h"

namespace nacre::runtime {

class Device {
public:
  virtual ~Device() = default;

  /// Where to put what shall lie in the `bytes` at `offset`: all of it, before the next call.
  virtual char *write(int64_t offset, int64_t bytes) = 0;
  /// The `bytes` at `offset`, which stay until the next run or write. Waits for the runs before.
  virtual const char *read(int64_t offset, int64_t bytes) = 0;

  /// Whether a run may begin before the results of the one before have been read.
  virtual bool runsAhead() const { return false; }
  /// A loss, a metric or the like, as the last run has left it; with `runsAgo` 1 the one before, of a device that runs
  /// ahead. Waits for that run only.
  virtual const char *readResult(int64_t offset, int64_t bytes, int /*runsAgo*/) { return read(offset, bytes); }

  /// Runs `entry`, whose launches are the tasks of `schedule`; it may go on after the return. If `seconds` is given, it
  /// has ended then, and the time of launch i, in all its turns, is added to seconds[i].
  virtual void run(const abi::Entry &entry, const Schedule &schedule, std::span<double> seconds) = 0;

  /// What the model runs on, for people: "2 threads".
  virtual std::string name() const = 0;
  /// Whether launches are worth being shared by threads of this process.
  virtual bool sharesLaunches() const { return false; }
  /// What the device can do at most in the precision of the model.
  virtual Peak peak() = 0;
};

/// The device that the model was compiled for, with an arena of zeros. Throws a UserError if there is none.
std::unique_ptr<Device> makeDevice(const abi::Model &model, int threads, int64_t arenaBytes);

} // namespace nacre::runtime
