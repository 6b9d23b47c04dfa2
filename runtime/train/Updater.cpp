//===- Updater.cpp - One update of the parameters -------------------------===//
//
// The compiled step leaves everything alone where its loss is not finite. With
// several batches in an update, the states that the first of them have moved must be
// kept for that case. Likewise under a loss scale, where gradients are not.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Updater.h"

#include "runtime/core/Error.h"

#include <cstring>

namespace nacre::runtime {

namespace {

template <class Visit> void forEach(std::string_view role, const abi::Model &model, Visit &&visit) {
  for (const abi::Tensor &tensor : model.tensors)
    if (tensor.role == role)
      visit(tensor);
}

} // namespace

Updater::Updater(Machine &machine, int64_t accumulate)
    : machine(machine), batches(accumulate), train(machine.entry("train")),
      apply(accumulate > 1 ? &machine.entry("apply") : nullptr) {}

void Updater::begin(const Moment &now) {
  moment = now;
  moment.draw = now.draw * batches;
  done = 0;
  values.clear();
  sums = Tally();
  if (!apply)
    return;
  const abi::Model &model = machine.model;
  forEach("param", model,
          [&](const abi::Tensor &tensor) { std::memset(machine.writeGradient(tensor), 0, tensor.bytes); });
  states.clear();
  forEach("state", model, [&](const abi::Tensor &tensor) {
    const char *state = machine.read(tensor);
    states.insert(states.end(), state, state + tensor.bytes);
  });
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
  if (const double *skipped = findValue(values, "skipped"); skipped && *skipped != 0)
    undo();
  states.clear();
  return std::move(values);
}

void Updater::undo() {
  const char *from = states.data();
  if (states.empty())
    return;
  forEach("state", machine.model, [&](const abi::Tensor &tensor) {
    std::memcpy(machine.write(tensor), from, tensor.bytes);
    from += tensor.bytes;
  });
  states.clear();
}

} // namespace nacre::runtime
