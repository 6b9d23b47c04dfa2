//===- Machine.h - A model on its device ------------------------*- C++ -*-===//
//
// Runs the entries of a compiled model, writes the control block, and knows where
// tensors and ports lie.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/ABI.h"
#include "runtime/core/DType.h"
#include "runtime/core/Device.h"
#include "runtime/core/Shape.h"

namespace nacre::runtime {

/// What an entry may know of the run besides its tensors.
struct Moment {
  int64_t step = 0;
  int64_t draw = 0;
  int64_t seed = 1;
  int64_t steps = 1;
  double stepsPerEpoch = 1;
};

int64_t parameterCount(const abi::Model &model);
int64_t bytesOf(const abi::Port &port);

/// How often an entry runs one of its launches.
int64_t timesRun(const abi::Entry &entry, int64_t launch);
double flopsOf(const abi::Entry &entry);

class Machine {
public:
  /// Throws a UserError if this machine cannot run the model.
  Machine(const abi::Model &model, int threads) : Machine(model, threads, model.arenaBytes) {}
  /// With an arena of another size, for entries that are not part of training.
  Machine(const abi::Model &model, int threads, int64_t arenaBytes);

  const abi::Model &model;

  /// The entry of that name, or null.
  const abi::Entry *find(std::string_view name) const;
  /// The entry of that name, which the compiler always makes.
  const abi::Entry &entry(std::string_view name) const;

  void run(const abi::Entry &entry, const Moment &moment, std::span<double> launchSeconds = {});

  /// What lies in the arena; it stays until the next run or write.
  const char *read(int64_t offset, int64_t bytes) const { return device->read(offset, bytes); }
  const char *read(const abi::Tensor &tensor) const { return read(tensor.offset, tensor.bytes); }
  const char *read(const abi::Port &port) const { return read(port.offset, bytesOf(port)); }
  /// The gradient of a parameter, after the entry "train".
  const char *readGradient(const abi::Tensor &tensor) const {
    return read(tensor.offset + model.gradientDelta, tensor.bytes);
  }
  /// The value of a result of rank 0, as the last run has left it, or, where runs go ahead, one `runsAgo`.
  double scalar(const abi::Port &port, int runsAgo = 0) const { return values(port, runsAgo).front(); }
  std::vector<double> values(const abi::Port &port, int runsAgo = 0) const;
  /// Whether a run may begin before the results of the one before have been read.
  bool runsAhead() const { return device->runsAhead(); }

  /// Where to put what shall lie in the arena: all of it, before anything else is read, written or run.
  char *write(int64_t offset, int64_t bytes) { return device->write(offset, bytes); }
  char *write(const abi::Tensor &tensor) { return write(tensor.offset, tensor.bytes); }
  char *write(const abi::Port &port) { return write(port.offset, bytesOf(port)); }
  char *writeGradient(const abi::Tensor &tensor) { return write(tensor.offset + model.gradientDelta, tensor.bytes); }

  /// Threads that may work for the model: on its launches, or on its data.
  int threads() const { return threadCount; }
  std::string deviceName() const { return device->name(); }
  Peak peak() { return device->peak(); }

private:
  const Schedule &schedule(const abi::Entry &entry);

  int threadCount;
  std::unique_ptr<Device> device;
  std::map<const abi::Entry *, Schedule> schedules;
};

/// The first port of that kind, or null; an empty `name` fits all.
const abi::Port *findPort(abi::List<abi::Port> ports, std::string_view kind, std::string_view name = {});

} // namespace nacre::runtime
