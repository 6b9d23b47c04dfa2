//===- Updater.cpp - One update of the parameters -------------------------===//
//
// The compiled step leaves everything alone where its loss is not finite. With
// several batches in an update, the states that the first of them have moved must be
// kept for that case.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Updater.h"

#include "runtime/core/Error.h"

#include <cstring>

namespace nacre::runtime {

namespace {

/// Calls `visit` with the memory of each state of the network.
template <class Visit> void forEachState(const Machine &machine, Visit &&visit) {
  for (const abi::Tensor &tensor : machine.model.tensors)
    if (std::string_view(tensor.role) == "state")
      visit(std::span(machine.data(tensor), tensor.bytes));
}

void clearGradients(const Machine &machine) {
  for (const abi::Tensor &tensor : machine.model.tensors)
    if (std::string_view(tensor.role) == "param")
      std::memset(machine.gradient(tensor), 0, tensor.bytes);
}

} // namespace

Updater::Updater(Machine &machine, int64_t accumulate)
    : machine(machine), batches(accumulate), train(machine.entry("train")),
      apply(accumulate > 1 ? &machine.entry("apply") : nullptr) {}

void Updater::begin(const Moment &now) {
  moment = now;
  moment.draw = now.step * batches;
  done = 0;
  values.clear();
  sums = Tally();
  if (!apply)
    return;
  clearGradients(machine);
  states.clear();
  forEachState(machine, [&](std::span<char> state) { states.insert(states.end(), state.begin(), state.end()); });
}

double Updater::addBatch(std::span<double> launchSeconds) {
  machine.run(train, moment, launchSeconds);
  ++moment.draw;
  Values ofBatch = batchValues(machine, train);
  const double *loss = findValue(ofBatch, "loss");
  if (!loss)
    internalError("the entry train has no loss");
  double found = *loss;
  sums.add(machine, train, train.batch);
  if (done++ == 0)
    values = std::move(ofBatch);
  else
    for (size_t i = 0; i < values.size(); ++i)
      values[i].second += ofBatch[i].second;
  return found;
}

Values Updater::finish(std::span<double> launchSeconds) {
  for (auto &value : values)
    value.second /= static_cast<double>(batches);
  if (apply) {
    machine.run(*apply, moment, launchSeconds);
    for (auto &value : batchValues(machine, *apply))
      values.push_back(std::move(value));
  }
  states.clear();
  return std::move(values);
}

void Updater::undo() {
  const char *from = states.data();
  if (states.empty())
    return;
  forEachState(machine, [&](std::span<char> state) {
    std::memcpy(state.data(), from, state.size());
    from += state.size();
  });
  states.clear();
}

} // namespace nacre::runtime
