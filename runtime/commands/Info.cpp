//===- Info.cpp - BIN info ------------------------------------------------===//
//
// What the binary was built from, and what it needs.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/Commands.h"

#include <algorithm>

namespace nacre::runtime {

namespace {

nlohmann::ordered_json settingsJson(abi::List<abi::Setting> settings) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const abi::Setting &setting : settings)
    json[setting.name] = nlohmann::ordered_json::parse(setting.value, nullptr, false);
  return json;
}

int64_t bytesOf(const abi::Model &model, std::string_view role) {
  int64_t bytes = 0;
  for (const abi::Tensor &tensor : model.tensors)
    if (tensor.role == role)
      bytes += tensor.bytes;
  return bytes;
}

int64_t optimizerBytes(const abi::Model &model) { return bytesOf(model, "optimizer") + bytesOf(model, "average"); }

/// How many launches an entry makes, counted each time.
int64_t runsOf(const abi::Entry &entry) {
  int64_t runs = 0;
  for (int64_t i = 0; i < entry.launches.size(); ++i)
    runs += timesRun(entry, i);
  return runs;
}

nlohmann::ordered_json entriesJson(const abi::Model &model) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const abi::Entry &entry : model.entries)
    json[entry.name] = {{"batch", entry.batch},        {"launches", entry.launches.size()},
                        {"loops", entry.loops.size()}, {"runs", runsOf(entry)},
                        {"flops", flopsOf(entry)},     {"transient_bytes", entry.transientBytes}};
  return json;
}

nlohmann::ordered_json fieldsJson(const abi::Model &model) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const abi::Field &field : model.fields) {
    json[field.name] = {{"dtype", field.dtype}, {"shape", extents(field.shape)}};
    if (field.ranged)
      json[field.name]["range"] = {field.low, field.high};
  }
  return json;
}

nlohmann::ordered_json infoJson(const abi::Model &model) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const abi::Tensor &tensor : model.tensors)
    tensors.push_back({{"path", tensor.path},
                       {"role", tensor.role},
                       {"dtype", tensor.dtype},
                       {"shape", extents(tensor.shape)},
                       {"source", tensor.source}});
  return {{"compiler", model.compiler},
          {"file", model.file},
          {"experiment", model.experiment},
          {"target", model.target},
          {"features", model.features},
          {"precision", model.precision},
          {"schedule", model.schedule},
          {"fingerprint", fmt::format("{:016x}", model.fingerprint)},
          {"parameters", parameterCount(model)},
          {"settings", settingsJson(model.settings)},
          {"configs", settingsJson(model.configs)},
          {"fields", fieldsJson(model)},
          {"kernels", model.kernels.size()},
          {"entries", entriesJson(model)},
          {"memory",
           {{"parameters", bytesOf(model, "param")},
            {"states", bytesOf(model, "state")},
            {"optimizer", optimizerBytes(model)},
            {"persistent", model.persistentBytes},
            {"arena", model.arenaBytes}}},
          {"tensors", tensors}};
}

void printSettings(std::string_view title, abi::List<abi::Setting> settings, Console &console) {
  if (settings.empty())
    return;
  console.say("{}", title);
  for (const abi::Setting &setting : settings)
    console.say("  {:<16} {}", setting.name, setting.value);
}

/// The launches of an entry, and how many runs loops make of them.
std::string launchesText(const abi::Entry &entry) {
  std::string text = fmt::format("{} launches", entry.launches.size());
  return entry.loops.empty() ? text : fmt::format("{} ({} runs)", text, runsOf(entry));
}

void print(const abi::Model &model, Console &console) {
  console.say("{} of {}", model.experiment, model.file);
  console.say("  {:<16} {}, {}", "built by", model.compiler, model.target);
  console.say("  {:<16} {}", "precision", model.precision);
  if (*model.schedule)
    console.say("  {:<16} {}", "schedule", model.schedule);
  console.say("  {:<16} {}", "parameters", countText(parameterCount(model)));
  printSettings("settings", model.settings, console);
  printSettings("configs", model.configs, console);
  console.say("memory");
  console.say("  {:<16} {}", "parameters", bytesText(bytesOf(model, "param")));
  console.say("  {:<16} {}", "states", bytesText(bytesOf(model, "state")));
  console.say("  {:<16} {}", "optimizer", bytesText(optimizerBytes(model)));
  console.say("  {:<16} {}", "whole arena", bytesText(model.arenaBytes));
  console.say("entries");
  for (const abi::Entry &entry : model.entries)
    console.say("  {:<16} {}, {:.4g} GFLOP", entry.name, launchesText(entry), flopsOf(entry) / 1e9);
}

} // namespace

int infoCommand(const abi::Model &model, const InfoOptions &options, Console &console) {
  if (options.json)
    console.line(infoJson(model).dump(2));
  else
    print(model, console);
  return 0;
}

} // namespace nacre::runtime
