//===- Pipeline.h - A source and what is done to its samples ----*- C++ -*-===//
//
// Built from the steps a data set declares: the first is a source, the others
// change each sample.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "runtime/data/Source.h"

namespace nacre::runtime {

/// The folders in which data files are looked for, most important first.
struct DataFolder {
  /// `given` is the command line's; else $NACRE_DATA, else where Debian puts the data set called `dataset`.
  DataFolder(const std::string &given, const std::string &dataset);

  /// The path of `file`, which may be there with or without ".gz". Throws a UserError that says what to do.
  std::string find(const std::string &file) const;

  std::string path, dataset;
};

/// The arguments of a step by name; what the compiler wrote wrongly is our fault.
class Arguments {
public:
  explicit Arguments(const abi::Step &step);

  std::string text(std::string_view name) const { return get<std::string>(name); }
  /// A list of texts; one text alone is a list, too.
  std::vector<std::string> texts(std::string_view name) const;
  int64_t integer(std::string_view name) const { return get<int64_t>(name); }
  /// At least 1; else a UserError.
  int64_t size(std::string_view name) const;
  double number(std::string_view name) const { return get<double>(name); }

private:
  template <class T> T get(std::string_view name) const;

  std::string step;
  nlohmann::json values;
};

class Pipeline {
public:
  Pipeline(abi::List<abi::Step> steps, abi::List<abi::Field> fields, const DataFolder &folder, Opening &opening);
  Pipeline(std::unique_ptr<Source> source, std::vector<Field> fields);

  int64_t size() const { return source->size(); }
  const std::vector<Field> &fields() const { return declared; }
  Sample makeSample() const { return Sample(declared.size()); }

  /// Reads a sample and applies the operations; `key` decides their random choices.
  void read(int64_t index, uint64_t key, Sample &sample) const;

private:
  template <class Work> void about(int64_t index, Work &&work) const;
  void checkShapes() const;
  void checkShape(const std::vector<int64_t> &shape) const;

  std::vector<Field> declared;
  std::unique_ptr<Source> source;
  std::vector<std::unique_ptr<Operation>> operations;
};

} // namespace nacre::runtime
