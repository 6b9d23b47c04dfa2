//===- Step.cpp - BIN step ------------------------------------------------===//
//
// Runs one entry once on given tensors and writes everything it leaves behind.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/Commands.h"
#include "runtime/core/Error.h"

namespace nacre::runtime {

namespace {

/// Copies a tensor of the file to `to`, converted; the number of elements must agree.
void load(const NamedTensor &from, char *to, DType dtype, int64_t count, const std::string &file) {
  int64_t stored = static_cast<int64_t>(from.bytes.size()) / dtypeBytes(from.dtype);
  if (stored != count)
    userError("{}: {} has {} elements, the model needs {}", file, from.name, stored, count);
  convertElements(to, dtype, from.bytes.data(), from.dtype, count);
}

std::string gradientName(const abi::Tensor &parameter) { return fmt::format("grad.{}", parameter.path); }

void loadInputs(const Safetensors &file, const std::string &name, Machine &machine, const abi::Entry &entry) {
  for (const abi::Tensor &tensor : machine.model.tensors) {
    auto loadTo = [&](const NamedTensor &stored, char *to) {
      load(stored, to, tableDType(tensor.dtype), elementCount(tensor.shape), name);
    };
    if (const NamedTensor *stored = file.find(tensor.path))
      loadTo(*stored, machine.write(tensor));
    if (const NamedTensor *stored = file.find(gradientName(tensor)); stored && std::string_view(tensor.role) == "param")
      loadTo(*stored, machine.writeGradient(tensor));
  }
  for (const abi::Port &port : entry.inputs) {
    if (std::string_view(port.kind) != "field")
      continue;
    const NamedTensor *stored = file.find(fmt::format("field.{}", port.name));
    if (!stored)
      userError("{} lacks field.{}, which the entry {} reads", name, port.name, entry.name);
    load(*stored, machine.write(port), tableDType(port.dtype), elementCount(port.shape), name);
  }
}

/// What there is one of by its kind, all else as KIND.NAME.
std::string resultName(const abi::Port &port) {
  std::string kind = port.kind;
  return kind == "loss" || kind == "lr" || kind == "loss_scale" || kind == "skipped" ? kind : kind + "." + port.name;
}

std::vector<NamedTensor> outputs(const Machine &machine, const abi::Entry &entry) {
  std::vector<NamedTensor> tensors;
  auto add = [&](std::string name, const char *dtype, abi::List<abi::Dim> shape, const char *data) {
    DType type = tableDType(dtype);
    tensors.push_back(
        {std::move(name), type, extents(shape), {data, static_cast<size_t>(elementCount(shape) * dtypeBytes(type))}});
  };
  for (const abi::Port &port : entry.results)
    add(resultName(port), port.dtype, port.shape, machine.read(port));
  for (const abi::Tensor &tensor : machine.model.tensors) {
    add(tensor.path, tensor.dtype, tensor.shape, machine.read(tensor));
    if (std::string_view(tensor.role) == "param" && std::string_view(entry.name) == "train")
      add(gradientName(tensor), tensor.dtype, tensor.shape, machine.readGradient(tensor));
  }
  return tensors;
}

} // namespace

int stepCommand(const abi::Model &model, const StepOptions &options, Console &console) {
  Settings settings(model);
  Machine machine(model, options.threads);
  const abi::Entry *entry = machine.find(options.entry);
  if (!entry)
    userError("the model has no entry \"{}\"", options.entry);
  Moment moment{.step = options.step,
                .draw = options.draw.value_or(options.step),
                .seed = options.seed.value_or(settings.seed),
                .steps = options.steps.value_or(settings.steps.value_or(
                    settings.samples ? *settings.samples / settings.samplesPerUpdate() : int64_t(1))),
                .stepsPerEpoch = options.stepsPerEpoch.value_or(1)};
  machine.run(machine.entry("init"), {.seed = moment.seed});
  if (options.entry != "init") {
    if (options.in.empty())
      userError("the entry {} needs --in", options.entry);
    SafetensorsFile file(options.in);
    loadInputs(file.content, options.in, machine, *entry);
    machine.run(*entry, moment);
  }
  writeSafetensors(options.out, outputs(machine, *entry), {{"format", "nacre"}, {"entry", options.entry}});
  if (const abi::Port *loss = findPort(entry->results, "loss"))
    console.say("loss {}", numberText(machine.scalar(*loss)));
  return 0;
}

} // namespace nacre::runtime
