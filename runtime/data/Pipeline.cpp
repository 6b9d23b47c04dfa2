//===- Pipeline.cpp - A source and what is done to its samples ------------===//
//
// The table of sources and operations, by the names the language's externs have.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Pipeline.h"

#include "runtime/core/Error.h"
#include "runtime/data/Idx.h"
#include "runtime/data/ImageOps.h"
#include "runtime/data/Synthetic.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace nacre::runtime {

namespace {

using SourceMaker = std::unique_ptr<Source> (*)(const Arguments &, const std::vector<Field> &, const DataFolder &);
using OperationMaker = std::unique_ptr<Operation> (*)(const Arguments &);

std::unique_ptr<Source> idx(const Arguments &arguments, const std::vector<Field> &fields, const DataFolder &folder) {
  const std::string names[] = {arguments.text("images"), arguments.text("labels")};
  if (fields.size() > std::size(names))
    userError("idx gives images and labels, the data set has {} fields", fields.size());
  std::vector<std::string> paths;
  for (size_t i = 0; i < fields.size(); ++i)
    paths.push_back(folder.find(names[i]));
  return openIdx(paths, fields);
}

std::unique_ptr<Source> synthetic(const Arguments &arguments, const std::vector<Field> &fields, const DataFolder &) {
  return makeSynthetic(arguments.integer("count"), fields);
}

constexpr std::pair<std::string_view, SourceMaker> sources[] = {
    {"idx", idx},
    {"synthetic", synthetic},
};

constexpr std::pair<std::string_view, OperationMaker> operationMakers[] = {
    {"crop", [](const Arguments &a) { return makeCrop(a.integer("size"), a.integer("pad")); }},
    {"center_crop", [](const Arguments &a) { return makeCenterCrop(a.integer("size")); }},
    {"flip", [](const Arguments &a) { return makeFlip(a.number("p")); }},
};

template <class Table> auto lookUp(const Table &table, std::string_view name, std::string_view kind) {
  for (const auto &[key, maker] : table)
    if (key == name)
      return maker;
  userError("this version of Nacre has no data {} \"{}\"", kind, name);
}

} // namespace

DataFolder::DataFolder(const std::string &given, const std::string &dataset) : path(given), dataset(dataset) {
  const char *environment = std::getenv("NACRE_DATA");
  if (path.empty() && environment)
    path = environment;
  if (!path.empty())
    return;
  std::string debian = dataset;
  std::replace(debian.begin(), debian.end(), '_', '-');
  path = "/usr/share/datasets/" + debian;
}

std::string DataFolder::find(const std::string &file) const {
  std::filesystem::path folder(path);
  std::string alternative = file.ends_with(".gz") ? file.substr(0, file.size() - 3) : file + ".gz";
  std::error_code ignored;
  for (const std::string &name : {file, alternative})
    if (std::filesystem::exists(folder / name, ignored))
      return (folder / name).string();
  std::string advice = "give the folder with --data";
  if (dataset == "fashion_mnist")
    advice += ", or install it: apt install dataset-fashion-mnist";
  userError("the data file {} is not in {}: {}", file, path, advice);
}

Arguments::Arguments(const abi::Step &from) : step(from.name) {
  for (const abi::Setting &argument : from.arguments) {
    nlohmann::json value = nlohmann::json::parse(argument.value, nullptr, false);
    if (value.is_discarded())
      internalError("the argument {} of {} is {}", argument.name, step, argument.value);
    values[argument.name] = std::move(value);
  }
}

template <class T> T Arguments::get(std::string_view name) const {
  try {
    return values.at(std::string(name)).get<T>();
  } catch (const nlohmann::json::exception &) {
    internalError("{} has no proper argument {}", step, name);
  }
}

Pipeline::Pipeline(std::unique_ptr<Source> given, std::vector<Field> fields)
    : declared(std::move(fields)), source(std::move(given)) {}

Pipeline::Pipeline(abi::List<abi::Step> steps, abi::List<abi::Field> fields, const DataFolder &folder)
    : declared(fields.begin(), fields.end()) {
  if (steps.empty())
    userError("the data set {} has no source", folder.dataset);
  source = lookUp(sources, steps[0].name, "source")(Arguments(steps[0]), declared, folder);
  for (const abi::Step *step = steps.begin() + 1; step < steps.end(); ++step)
    operations.push_back(lookUp(operationMakers, step->name, "operation")(Arguments(*step)));
  if (source->size() < 1)
    userError("the data set {} in {} is empty", folder.dataset, folder.path);
}

void Pipeline::read(int64_t index, uint64_t key, Sample &sample) const {
  source->read(index, sample);
  KeyedRandom random(key, index);
  for (const auto &operation : operations)
    operation->apply(sample, random);
  for (size_t i = 0; i < declared.size(); ++i)
    if (sample[i].shape != declared[i].shape)
      userError("sample {} has {} of shape {}, the data set declares {}", index, declared[i].name,
                shapeText(sample[i].shape), shapeText(declared[i].shape));
}

} // namespace nacre::runtime
