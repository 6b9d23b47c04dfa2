//===- Checkpoint.cpp - The whole state of a run in one file --------------===//
//
// Metadata are texts; what is more than a number is JSON within.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Checkpoint.h"

#include "runtime/core/Error.h"

#include <charconv>

namespace nacre::runtime {

namespace {

using nlohmann::json;
using Metadata = std::map<std::string, std::string>;

/// A number's text from which exactly this number is read again.
std::string exact(double value) { return json(value).dump(); }

std::string word(const Metadata &metadata, const std::string &name) {
  auto found = metadata.find(name);
  return found == metadata.end() ? "nothing" : found->second;
}

json encode(const Progress &progress) {
  return {{"tally", progress.sinceEvaluation.save()},
          {"best", progress.best ? json(*progress.best) : json()},
          {"best_step", progress.bestStep},
          {"stale", progress.stale},
          {"skipped", progress.skipped},
          {"open", progress.open},
          {"evaluation_due", progress.evaluationDue}};
}

Progress decode(const json &text) {
  Progress progress;
  progress.sinceEvaluation = Tally::restore(text.at("tally"));
  if (!text.at("best").is_null())
    progress.best = text.at("best").get<double>();
  text.at("best_step").get_to(progress.bestStep);
  text.at("stale").get_to(progress.stale);
  text.at("skipped").get_to(progress.skipped);
  text.at("open").get_to(progress.open);
  text.at("evaluation_due").get_to(progress.evaluationDue);
  return progress;
}

std::string fingerprintText(const abi::Model &model) { return fmt::format("{:016x}", model.fingerprint); }

/// Whether `tensor` has the name, type and shape of one in the file.
void requireSame(const NamedTensor *stored, const abi::Tensor &tensor, const std::string &path) {
  if (!stored)
    userError("{} lacks the tensor {} ({}): it is a checkpoint of another model", path, tensor.path, tensor.source);
  if (stored->shape != extents(tensor.shape) || stored->dtype != tableDType(tensor.dtype))
    userError("{} has {} as {} {}, this model as {} {} ({}): it is a checkpoint of another model", path, tensor.path,
              dtypeName(stored->dtype), shapeText(stored->shape), tensor.dtype, shapeText(extents(tensor.shape)),
              tensor.source);
}

void requireEqual(const Metadata &metadata, const std::string &path, const std::string &name, std::string_view what,
                  const std::string &ours) {
  std::string theirs = word(metadata, name);
  if (theirs != ours)
    userError("{} cannot go on here: its run has {} = {}, this one {}", path, what, theirs, ours);
}

} // namespace

void saveCheckpoint(const std::string &path, const Machine &machine, const RunIdentity &run, const Progress &progress) {
  const abi::Model &model = machine.model;
  std::vector<NamedTensor> tensors;
  for (const abi::Tensor &tensor : model.tensors)
    tensors.push_back({tensor.path,
                       tableDType(tensor.dtype),
                       extents(tensor.shape),
                       {machine.read(tensor), static_cast<size_t>(tensor.bytes)}});
  writeSafetensors(path, tensors,
                   {{"format", "nacre"},
                    {"experiment", model.experiment},
                    {"precision", model.precision},
                    {"fingerprint", fingerprintText(model)},
                    {"step", std::to_string(progress.step)},
                    {"steps", std::to_string(run.horizon.steps)},
                    {"steps_per_epoch", exact(run.horizon.stepsPerEpoch)},
                    {"batch", std::to_string(run.batch)},
                    {"accumulate", std::to_string(run.accumulate)},
                    {"samples", std::to_string(run.sampleCount)},
                    {"seed", std::to_string(run.seed)},
                    {"progress", encode(progress).dump()}});
}

void loadTensors(const Safetensors &file, const std::string &path, Machine &machine) {
  const abi::Model &model = machine.model;
  for (const abi::Tensor &tensor : model.tensors)
    requireSame(file.find(tensor.path), tensor, path);
  if (word(file.metadata, "fingerprint") != fingerprintText(model))
    userError("{} is a checkpoint of another model", path);
  for (const abi::Tensor &tensor : model.tensors)
    std::memcpy(machine.write(tensor), file.find(tensor.path)->bytes.data(), tensor.bytes);
}

Progress loadProgress(const Safetensors &file, const std::string &path, const RunIdentity &run) {
  const Metadata &metadata = file.metadata;
  requireEqual(metadata, path, "batch", "batch", std::to_string(run.batch));
  requireEqual(metadata, path, "accumulate", "accumulate", std::to_string(run.accumulate));
  requireEqual(metadata, path, "samples", "training samples", std::to_string(run.sampleCount));
  requireEqual(metadata, path, "steps", "planned steps", std::to_string(run.horizon.steps));
  requireEqual(metadata, path, "steps_per_epoch", "steps per epoch", exact(run.horizon.stepsPerEpoch));
  requireEqual(metadata, path, "seed", "seed", std::to_string(run.seed));
  std::string step = word(metadata, "step");
  try {
    Progress progress = decode(json::parse(word(metadata, "progress")));
    auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), progress.step);
    if (error == std::errc() && *end == '\0' && progress.step >= 0 && progress.step <= run.horizon.steps)
      return progress;
  } catch (const json::exception &) {
  }
  userError("{} is damaged: it does not say how far its run was", path);
}

std::optional<int64_t> checkpointSeed(const Safetensors &file) {
  std::string text = word(file.metadata, "seed");
  int64_t seed = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  return error == std::errc() && *end == '\0' ? std::optional(seed) : std::nullopt;
}

} // namespace nacre::runtime
