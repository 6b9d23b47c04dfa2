//===- Settings.cpp - What the experiment says ----------------------------===//
//
// Reads the table of settings.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Settings.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace nacre::runtime {

namespace {

template <class T> void assign(T &to, const nlohmann::json &value) { to = value.get<T>(); }
template <class T> void assign(std::optional<T> &to, const nlohmann::json &value) {
  if (!value.is_null())
    to = value.get<T>();
}

/// Sets `to` if the table has `name`; a value of another kind is the compiler's fault.
template <class T> void read(const abi::Model &model, std::string_view name, T &to) {
  for (const abi::Setting &setting : model.settings) {
    if (setting.name != name)
      continue;
    try {
      assign(to, nlohmann::json::parse(setting.value));
    } catch (const nlohmann::json::exception &) {
      internalError("the setting {} has the value {}", name, setting.value);
    }
  }
}

} // namespace

Settings::Settings(const abi::Model &model) : batch(0) {
  read(model, "batch", batch);
  read(model, "seed", seed);
  read(model, "epochs", epochs);
  read(model, "samples", samples);
  read(model, "steps", steps);
  read(model, "data", data);
  read(model, "best", best);
  read(model, "maximize", maximize);
  read(model, "patience", patience);
  read(model, "eval_every", evalEvery);
  read(model, "save_every", saveEvery);
  if (batch < 1)
    internalError("the experiment {} has no batch size", model.experiment);
  read(model, "accumulate", accumulate);
  evalEvery = std::max<int64_t>(1, evalEvery);
  saveEvery = std::max<int64_t>(1, saveEvery);
}

Horizon horizonOf(const Settings &settings, int64_t sampleCount) {
  Horizon horizon{0, static_cast<double>(sampleCount) / settings.samplesPerUpdate()};
  if (settings.steps)
    horizon.steps = *settings.steps;
  else if (settings.samples)
    horizon.steps = *settings.samples / settings.samplesPerUpdate();
  else if (settings.epochs)
    horizon.steps = *settings.epochs * sampleCount / settings.samplesPerUpdate();
  else
    userError("the experiment does not say how long to train: give --epochs");
  if (horizon.steps < 1)
    userError("there is nothing to train: {} samples do not fill a batch of {}", settings.samples.value_or(sampleCount),
              settings.samplesPerUpdate());
  return horizon;
}

} // namespace nacre::runtime
