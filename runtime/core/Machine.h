//===- Machine.h - A model with its memory and its threads ------*- C++ -*-===//
//
// Runs the entries of a compiled model: owns the arena and the workers, writes the
// control block, and reads what an entry leaves behind.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/ABI.h"
#include "runtime/core/Arena.h"
#include "runtime/core/DType.h"
#include "runtime/core/Pool.h"
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

/// How often an entry runs one of its launches.
int64_t timesRun(const abi::Entry &entry, int64_t launch);
double flopsOf(const abi::Entry &entry);

class Machine {
public:
  /// Throws a UserError if this processor cannot run the model.
  Machine(const abi::Model &model, int threads) : Machine(model, threads, model.arenaBytes) {}
  /// With an arena of another size, for entries that are not part of training.
  Machine(const abi::Model &model, int threads, int64_t arenaBytes);

  const abi::Model &model;

  /// The entry of that name, or null.
  const abi::Entry *find(std::string_view name) const;
  /// The entry of that name, which the compiler always makes.
  const abi::Entry &entry(std::string_view name) const;

  void run(const abi::Entry &entry, const Moment &moment, std::span<double> launchSeconds = {});

  char *data(int64_t offset) const { return arena.data() + offset; }
  char *data(const abi::Tensor &tensor) const { return data(tensor.offset); }
  /// The gradient of a parameter, after the entry "train".
  char *gradient(const abi::Tensor &tensor) const { return data(tensor.offset + model.gradientDelta); }
  /// The value of a port of rank 0.
  double scalar(const abi::Port &port) const;
  std::vector<double> values(const abi::Port &port) const;

  Pool &workers() { return pool; }

private:
  const Schedule &schedule(const abi::Entry &entry);

  Arena arena;
  Pool pool;
  std::map<const abi::Entry *, Schedule> schedules;
};

/// The first port of that kind, or null; an empty `name` fits all.
const abi::Port *findPort(abi::List<abi::Port> ports, std::string_view kind, std::string_view name = {});

} // namespace nacre::runtime
