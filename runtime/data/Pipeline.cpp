//===- Pipeline.cpp - A source and what is done to its samples ------------===//
//
// The table of sources and operations, by the names the language's externs have.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Pipeline.h"

#include "runtime/core/Error.h"
#include "runtime/data/CifarBinary.h"
#include "runtime/data/Idx.h"
#include "runtime/data/ImageFolder.h"
#include "runtime/data/ImageOps.h"
#include "runtime/data/Numpy.h"
#include "runtime/data/RandAugment.h"
#include "runtime/data/Synthetic.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace nacre::runtime {

namespace {

using SourceMaker = std::unique_ptr<Source> (*)(const Arguments &, const std::vector<Field> &, const DataFolder &,
                                                Opening &);
using OperationMaker = std::unique_ptr<Operation> (*)(const Arguments &);

std::unique_ptr<Source> idx(const Arguments &arguments, const std::vector<Field> &fields, const DataFolder &folder,
                            Opening &) {
  const std::string names[] = {arguments.text("images"), arguments.text("labels")};
  if (fields.size() > std::size(names))
    userError("idx gives images and labels, the data set has {} fields", fields.size());
  std::vector<std::string> paths;
  for (size_t i = 0; i < fields.size(); ++i)
    paths.push_back(folder.find(names[i]));
  return openIdx(paths, fields);
}

std::unique_ptr<Source> cifarBinary(const Arguments &arguments, const std::vector<Field> &fields,
                                    const DataFolder &folder, Opening &) {
  std::vector<std::string> paths;
  for (const std::string &name : arguments.texts("files"))
    paths.push_back(folder.find(name));
  if (paths.empty())
    userError("cifar_binary needs at least one file");
  return openCifar(paths, fields);
}

std::unique_ptr<Source> images(const Arguments &arguments, const std::vector<Field> &fields, const DataFolder &folder,
                               Opening &opening) {
  int64_t size = arguments.integer("size");
  if (size < 0)
    userError("images has size = {}, which must not be negative", size);
  return openImages(folder.find(arguments.text("folder")), size, fields, opening);
}

std::unique_ptr<Source> numpy(const Arguments &arguments, const std::vector<Field> &fields, const DataFolder &folder,
                              Opening &opening) {
  return openNumpy(folder.find(arguments.text("file")), fields, opening.memory);
}

std::unique_ptr<Source> synthetic(const Arguments &arguments, const std::vector<Field> &fields, const DataFolder &,
                                  Opening &) {
  return makeSynthetic(arguments.size("count"), fields);
}

constexpr std::pair<std::string_view, SourceMaker> sources[] = {
    {"idx", idx}, {"cifar_binary", cifarBinary}, {"images", images}, {"numpy", numpy}, {"synthetic", synthetic},
};

constexpr std::pair<std::string_view, OperationMaker> operationMakers[] = {
    {"crop", [](const Arguments &a) { return makeCrop(a.size("size"), a.integer("pad")); }},
    {"center_crop", [](const Arguments &a) { return makeCenterCrop(a.size("size")); }},
    {"random_resized_crop", [](const Arguments &a) { return makeRandomResizedCrop(a.size("size")); }},
    {"rand_augment", [](const Arguments &a) { return makeRandAugment(a.integer("ops"), a.integer("magnitude")); }},
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

int64_t Arguments::size(std::string_view name) const {
  auto value = integer(name);
  if (value < 1)
    userError("{} has {} = {}, which must be at least 1", step, name, value);
  return value;
}

std::vector<std::string> Arguments::texts(std::string_view name) const {
  auto value = get<nlohmann::json>(name);
  auto isText = [](const nlohmann::json &element) { return element.is_string(); };
  if (!isText(value) && !(value.is_array() && std::all_of(value.begin(), value.end(), isText)))
    userError("{} has {} = {}, which must be a text or a list of texts", step, name, value.dump());
  return isText(value) ? std::vector{text(name)} : get<std::vector<std::string>>(name);
}

Pipeline::Pipeline(std::unique_ptr<Source> given, std::vector<Field> fields)
    : declared(std::move(fields)), source(std::move(given)) {}

Pipeline::Pipeline(abi::List<abi::Step> steps, abi::List<abi::Field> fields, const DataFolder &folder, Opening &opening)
    : declared(fields.begin(), fields.end()) {
  if (steps.empty())
    userError("the data set {} has no source", folder.dataset);
  for (const abi::Step *step = steps.begin() + 1; step < steps.end(); ++step) {
    operations.push_back(lookUp(operationMakers, step->name, "operation")(Arguments(*step)));
    if (declared.empty() || declared[0].dtype != DType::U8 || declared[0].shape.size() != 3)
      userError("{} needs a u8 image [C, H, W] as the first field", step->name);
  }
  source = lookUp(sources, steps[0].name, "source")(Arguments(steps[0]), declared, folder, opening);
  if (source->size() < 1)
    userError("the data set {} in {} is empty", folder.dataset, folder.path);
  checkShapes();
}

/// Calls `work`; errors in it become errors about the sample.
template <class Work> void Pipeline::about(int64_t index, Work &&work) const {
  try {
    work();
  } catch (const UserError &error) {
    userError("{}: {}", source->name(index), error.what());
  }
}

void Pipeline::checkShape(const std::vector<int64_t> &shape) const {
  if (shape != declared[0].shape)
    userError("{} has the shape {}, the data set declares {}", declared[0].name, shapeText(shape),
              shapeText(declared[0].shape));
}

/// What is known of the shapes without reading is checked before it is needed.
void Pipeline::checkShapes() const {
  const std::vector<int64_t> *before = nullptr;
  for (int64_t index = 0; index < source->size(); ++index) {
    const std::vector<int64_t> *known = source->shape(index);
    if (!known || known == before)
      continue;
    before = known;
    about(index, [&] {
      std::vector<int64_t> shape = *known;
      for (const auto &operation : operations)
        shape = operation->shapeAfter(shape);
      checkShape(shape);
    });
  }
}

void Pipeline::read(int64_t index, uint64_t key, Sample &sample) const {
  source->read(index, sample);
  about(index, [&] {
    KeyedRandom random(key, index);
    for (const auto &operation : operations)
      operation->apply(sample, random);
    if (!sample.empty())
      checkShape(sample[0].shape);
  });
}

} // namespace nacre::runtime
