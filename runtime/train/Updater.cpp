//===- Updater.cpp - One update of the parameters -------------------------===//
//
// The compiled step leaves everything alone where its loss is not finite. With
// several batches in an update, the states that the first of them have moved must be
// kept for that case. Likewise under a loss scale, where gradients are not.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Updater.h"

#include <cmath>
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
  if (!apply)
    return;
  forget();
  const abi::Model &model = machine.model;
  forEach("param", model,
          [&](const abi::Tensor &tensor) { std::memset(machine.writeGradient(tensor), 0, tensor.bytes); });
  states.clear();
  forEach("state", model, [&](const abi::Tensor &tensor) {
    const char *state = machine.read(tensor);
    states.insert(states.end(), state, state + tensor.bytes);
  });
}

void Updater::addBatch(std::span<double> launchSeconds) {
  machine.run(train, moment, launchSeconds);
  ++moment.draw;
  if (apply)
    collect(/*runsAgo=*/0);
}

void Updater::forget() {
  values.clear();
  sums = Tally();
}

/// Takes the results of a batch.
void Updater::collect(int runsAgo) {
  Values ofBatch = batchValues(machine, train, runsAgo);
  sums.add(machine, train, train.batch, runsAgo);
  if (values.empty())
    values = std::move(ofBatch);
  else
    for (size_t i = 0; i < values.size(); ++i)
      values[i].second += ofBatch[i].second;
}

std::optional<double> Updater::badLoss() const {
  const double *loss = findValue(values, "loss");
  return loss && !std::isfinite(*loss) && !hasLossScale() ? std::optional(*loss) : std::nullopt;
}

Values Updater::finish(int updatesAgo, std::span<double> launchSeconds) {
  if (!apply) {
    forget();
    collect(updatesAgo);
  }
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
  return values;
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
