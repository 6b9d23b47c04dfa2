//===- Machine.cpp - A model on its device --------------------------------===//
//
// Turns the launches of an entry into a schedule once, then runs it.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Machine.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cstring>

namespace nacre::runtime {

namespace {

/// The key of an entry's random numbers: 0 initialises, 1 trains, 2 evaluates.
int64_t randomKey(std::string_view entry) {
  if (entry == "init")
    return 0;
  return entry.substr(0, 4) == "eval" ? 2 : 1;
}

/// Whether sharing a launch out would cost more than it gains.
bool isTiny(const abi::Launch &launch) {
  constexpr double flopsPerSecond = 2e10, bytesPerSecond = 1e10, barrierSeconds = 4e-6;
  return launch.items < 2 || launch.flops / flopsPerSecond + launch.bytes / bytesPerSecond < barrierSeconds;
}

void check(const abi::Model &model) {
  if (model.abiVersion != NACRE_ABI_VERSION)
    internalError("the model was compiled for version {} of the runtime's tables, this is version {}", model.abiVersion,
                  NACRE_ABI_VERSION);
  if (model.arenaBytes < model.persistentBytes || model.arenaBytes < static_cast<int64_t>(sizeof(abi::Control)))
    internalError("the model's memory plan is smaller than what it must hold");
  for (const abi::Tensor &tensor : model.tensors)
    if (tensor.offset < 0 || tensor.offset + tensor.bytes > model.persistentBytes ||
        tensor.bytes != elementCount(tensor.shape) * dtypeBytes(tableDType(tensor.dtype)))
      internalError("the tensor {} does not fit its place in the memory plan", tensor.path);
}

/// The arguments of a launch, or what a turn adds to them.
std::span<const int64_t> numbers(abi::List<abi::Word> words) {
  static_assert(sizeof(abi::Word) == sizeof(int64_t));
  return {words.empty() ? nullptr : &words[0].value, static_cast<size_t>(words.size())};
}

/// Puts the loops of an entry into its schedule, and counts those around each launch.
std::vector<int64_t> addLoops(const abi::Entry &entry, Schedule &schedule) {
  std::vector<int64_t> depths(entry.launches.size());
  int64_t begun = 0;
  std::vector<int64_t> ends = {entry.launches.size()}; // of the loops around, the innermost last
  for (const abi::Loop &loop : entry.loops) {
    while (ends.size() > 1 && ends.back() <= loop.first)
      ends.pop_back();
    int64_t end = loop.first + loop.count;
    if (loop.first < begun || loop.count < 1 || loop.steps < 1 || end > ends.back())
      internalError("the loops of the entry \"{}\" do not nest", entry.name);
    begun = loop.first;
    ends.push_back(end);
    schedule.loops.push_back({static_cast<size_t>(loop.first), static_cast<size_t>(end), loop.steps});
    for (int64_t launch = loop.first; launch < end; ++launch)
      ++depths[launch];
  }
  return depths;
}

const abi::Model &checked(const abi::Model &model) {
  check(model);
  return model;
}

} // namespace

int64_t parameterCount(const abi::Model &model) {
  int64_t count = 0;
  for (const abi::Tensor &tensor : model.tensors)
    if (std::string_view(tensor.role) == "param")
      count += elementCount(tensor.shape);
  return count;
}

int64_t bytesOf(const abi::Port &port) { return elementCount(port.shape) * dtypeBytes(tableDType(port.dtype)); }

int64_t timesRun(const abi::Entry &entry, int64_t launch) {
  int64_t times = 1;
  for (const abi::Loop &loop : entry.loops)
    if (loop.first <= launch && launch < loop.first + loop.count)
      times *= loop.steps;
  return times;
}

double flopsOf(const abi::Entry &entry) {
  double flops = 0;
  for (int64_t i = 0; i < entry.launches.size(); ++i)
    flops += timesRun(entry, i) * entry.launches[i].flops;
  return flops;
}

const abi::Port *findPort(abi::List<abi::Port> ports, std::string_view kind, std::string_view name) {
  for (const abi::Port &port : ports)
    if (port.kind == kind && (name.empty() || port.name == name))
      return &port;
  return nullptr;
}

Machine::Machine(const abi::Model &compiled, int threads, int64_t arenaBytes)
    : model(checked(compiled)), threadCount(threads), device(makeDevice(model, threads, arenaBytes)) {}

const abi::Entry *Machine::find(std::string_view name) const {
  for (const abi::Entry &entry : model.entries)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

const abi::Entry &Machine::entry(std::string_view name) const {
  if (const abi::Entry *found = find(name))
    return *found;
  internalError("the model has no entry \"{}\"", name);
}

const Schedule &Machine::schedule(const abi::Entry &entry) {
  auto [at, isNew] = schedules.try_emplace(&entry);
  Schedule &made = at->second;
  if (!isNew)
    return made;
  std::vector<int64_t> depths = addLoops(entry, made);
  for (int64_t i = 0; i < entry.launches.size(); ++i) {
    const abi::Launch &launch = entry.launches[i];
    if (launch.kernel < 0 || launch.kernel >= model.kernels.size())
      internalError("{}: there is no kernel {}", launch.label, launch.kernel);
    if (!launch.advance.empty() && launch.advance.size() != depths[i] * launch.args.size())
      internalError("{}: the arguments do not move with the loops", launch.label);
    made.tasks.push_back({model.kernels[launch.kernel].function, numbers(launch.args), launch.items,
                          device->sharesLaunches() && !isTiny(launch), numbers(launch.advance)});
    made.scratchBytes = std::max(made.scratchBytes, launch.scratch);
  }
  return made;
}

void Machine::run(const abi::Entry &entry, const Moment &moment, std::span<double> launchSeconds) {
  abi::Control control = {};
  control.step = static_cast<double>(moment.step);
  control.steps = static_cast<double>(moment.steps);
  control.stepsPerEpoch = moment.stepsPerEpoch;
  control.seed = moment.seed;
  control.entry = randomKey(entry.name);
  control.draw = moment.draw;
  std::memcpy(write(0, sizeof(control)), &control, sizeof(control));
  device->run(entry, schedule(entry), launchSeconds);
}

std::vector<double> Machine::values(const abi::Port &port, int runsAgo) const {
  std::vector<double> result(elementCount(port.shape));
  const char *from = device->readResult(port.offset, bytesOf(port), runsAgo);
  convertElements(result.data(), DType::F64, from, tableDType(port.dtype), result.size());
  return result;
}

} // namespace nacre::runtime
