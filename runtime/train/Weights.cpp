//===- Weights.cpp - A network without its training -----------------------===//
//
// Files may come from elsewhere: a tensor too many is an error like one too few,
// since deeper networks have the tensors of shallower ones.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Weights.h"

#include "runtime/core/Error.h"

#include <list>
#include <set>

namespace nacre::runtime {

namespace {

constexpr std::string_view optimizerPrefix = "optimizer.";

bool isOf(const abi::Tensor &tensor, std::string_view role) { return tensor.role == role; }

/// What is said of the tensors in the file that the model lacks; empty if there are none.
std::string strangers(const Safetensors &file, const abi::Model &model) {
  std::set<std::string_view> known;
  for (const abi::Tensor &tensor : model.tensors)
    known.insert(tensor.path);
  std::string first;
  int64_t others = 0;
  for (const auto &[name, tensor] : file.tensors)
    if (!known.contains(name) && !name.starts_with(optimizerPrefix))
      first.empty() ? void(first = name) : void(++others);
  if (others > 0)
    first += fmt::format(" and {} other{}", others, others > 1 ? "s" : "");
  return first.empty() ? "" : fmt::format("has {}, which this model has not", first);
}

void requireAlike(const NamedTensor &stored, const abi::Tensor &tensor, const std::string &path) {
  DType dtype = tableDType(tensor.dtype);
  if (stored.shape != extents(tensor.shape) || isFloat(stored.dtype) != isFloat(dtype))
    userError("{} has {} as {} {}, this model as {} {} ({})", path, tensor.path, dtypeName(stored.dtype),
              shapeText(stored.shape), tensor.dtype, shapeText(extents(tensor.shape)), tensor.source);
}

/// Copies a tensor to `to`, converted. Ints must fit.
void copy(const NamedTensor &stored, const abi::Tensor &tensor, char *to, const std::string &path) {
  DType dtype = tableDType(tensor.dtype);
  int64_t count = elementCount(tensor.shape);
  convertElements(to, dtype, stored.bytes.data(), stored.dtype, count);
  if (isFloat(dtype))
    return;
  std::vector<char> back(stored.bytes.size());
  convertElements(back.data(), stored.dtype, to, dtype, count);
  if (std::memcmp(back.data(), stored.bytes.data(), back.size()) != 0)
    userError("{} has numbers in {} that {} cannot hold", path, tensor.path, tensor.dtype);
}

} // namespace

void loadWeights(const Safetensors &file, const std::string &path, Machine &machine) {
  const abi::Model &model = machine.model;
  std::string unknown = strangers(file, model);
  for (const abi::Tensor &tensor : model.tensors) {
    if (isOf(tensor, "optimizer"))
      continue;
    const NamedTensor *stored = file.find(tensor.path);
    if (!stored && isOf(tensor, "average"))
      stored = file.find(tensor.owner);
    if (!stored)
      userError("{} lacks the tensor {} ({}){}", path, tensor.path, tensor.source,
                unknown.empty() ? "" : "; it " + unknown);
    requireAlike(*stored, tensor, path);
    copy(*stored, tensor, machine.write(tensor), path);
  }
  if (!unknown.empty())
    userError("{} {}", path, unknown);
}

void beginWith(const Safetensors &file, const std::string &path, Machine &machine, int64_t seed) {
  const abi::Model &model = machine.model;
  // What depends on drawn numbers shows by another seed.
  machine.run(machine.entry("init"), {.seed = seed + 1});
  std::map<std::string_view, std::vector<char>> others;
  for (const abi::Tensor &tensor : model.tensors)
    if (isOf(tensor, "optimizer")) {
      const char *drawn = machine.read(tensor);
      others[tensor.path].assign(drawn, drawn + tensor.bytes);
    }
  machine.run(machine.entry("init"), {.seed = seed});
  for (const abi::Tensor &tensor : model.tensors)
    if (isOf(tensor, "optimizer") && std::memcmp(others[tensor.path].data(), machine.read(tensor), tensor.bytes) != 0)
      userError("{} cannot be what this training begins with: the state {} begins with numbers that were drawn ({})",
                path, tensor.path, tensor.source);
  loadWeights(file, path, machine);
}

void saveWeights(const std::string &path, const Machine &machine) {
  const abi::Model &model = machine.model;
  std::map<std::string_view, const abi::Tensor *> averages;
  for (const abi::Tensor &tensor : model.tensors)
    if (isOf(tensor, "average"))
      averages[tensor.owner] = &tensor;
  std::list<std::vector<int64_t>> counts;
  std::vector<NamedTensor> tensors;
  for (const abi::Tensor &tensor : model.tensors) {
    if (!isOf(tensor, "param") && !isOf(tensor, "state"))
      continue;
    auto average = averages.find(tensor.path);
    const char *data = machine.read(average == averages.end() ? tensor : *average->second);
    NamedTensor entry{tensor.path, tableDType(tensor.dtype), extents(tensor.shape), {data, size_t(tensor.bytes)}};
    if (!isFloat(entry.dtype)) {
      std::vector<int64_t> &wide = counts.emplace_back(elementCount(tensor.shape));
      convertElements(wide.data(), DType::I64, data, entry.dtype, wide.size());
      entry.dtype = DType::I64;
      entry.bytes = {reinterpret_cast<const char *>(wide.data()), wide.size() * sizeof(int64_t)};
    }
    tensors.push_back(std::move(entry));
  }
  writeSafetensors(path, tensors, {{"format", "pt"}});
}

} // namespace nacre::runtime
