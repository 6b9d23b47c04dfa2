//===- Term.h - What an expression stands for -------------------*- C++ -*-===//
//
// The values of elaboration: numbers, texts, lists and functions, which end
// here, and tensors, which are values of the function under construction.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Ast.h"
#include "lang/Program.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nacre::lang {

class Graph;
struct Module;
struct Primitive;

/// The name of an axis within one body; 0 for an axis without a name.
using AxisId = uint32_t;

/// A value of a function under construction, with the names its axes have in the body at hand.
struct Tensor {
  Graph *graph = nullptr;
  Value value = 0;
  TensorType type;
  std::vector<AxisId> axes;
  Span origin; ///< The expression that made it, for messages.

  size_t rank() const { return type.shape.size(); }
};

struct Term;
using List = std::vector<Term>;

/// A function with some of its arguments: a `fn` or `block` of a module, a primitive, or an extern.
struct Callable {
  const Declaration *declaration = nullptr; ///< Null for a primitive.
  Module *module = nullptr;
  const Primitive *primitive = nullptr;
  std::vector<std::optional<Term>> given; ///< By parameter; shorter than the signature if nothing is given.
};

/// What the runtime's workers do to get a sample.
struct Pipeline {
  std::vector<PipelineStep> steps;
};

/// A dataset with its arguments.
struct DatasetUse {
  const Declaration *declaration = nullptr;
  Module *module = nullptr;
  std::vector<std::optional<Term>> given;
};

struct Nothing {};

/// The value `none`, an int, a float, a bool, a string, a list, a tensor, a function, a pipeline or a dataset.
struct Term {
  std::variant<Nothing, int64_t, double, bool, std::shared_ptr<const std::string>, std::shared_ptr<const List>,
               std::shared_ptr<const Tensor>, std::shared_ptr<const Callable>, std::shared_ptr<const Pipeline>,
               std::shared_ptr<const DatasetUse>>
      value;

  Term() = default;
  Term(int64_t number) : value(number) {}
  Term(double number) : value(number) {}
  Term(bool truth) : value(truth) {}
  Term(std::string text) : value(std::make_shared<const std::string>(std::move(text))) {}
  Term(List list) : value(std::make_shared<const List>(std::move(list))) {}
  Term(Tensor tensor) : value(std::make_shared<const Tensor>(std::move(tensor))) {}
  Term(Callable function) : value(std::make_shared<const Callable>(std::move(function))) {}
  Term(Pipeline pipeline) : value(std::make_shared<const Pipeline>(std::move(pipeline))) {}
  Term(DatasetUse dataset) : value(std::make_shared<const DatasetUse>(std::move(dataset))) {}
  Term(const char *) = delete;

  bool isNone() const { return std::holds_alternative<Nothing>(value); }
  bool isNumber() const { return asInt() || asFloat(); }
  const int64_t *asInt() const { return std::get_if<int64_t>(&value); }
  const double *asFloat() const { return std::get_if<double>(&value); }
  const bool *asBool() const { return std::get_if<bool>(&value); }
  const std::string *asString() const { return pointee<std::string>(); }
  const List *asList() const { return pointee<List>(); }
  const Tensor *asTensor() const { return pointee<Tensor>(); }
  const Callable *asFunction() const { return pointee<Callable>(); }
  const Pipeline *asPipeline() const { return pointee<Pipeline>(); }
  const DatasetUse *asDataset() const { return pointee<DatasetUse>(); }
  /// Of a number: its value, an int's as well.
  double number() const { return asInt() ? static_cast<double>(*asInt()) : *asFloat(); }

private:
  template <typename T> const T *pointee() const {
    auto *pointer = std::get_if<std::shared_ptr<const T>>(&value);
    return pointer ? pointer->get() : nullptr;
  }
};

/// "an int", "a list": what kind of thing a term is.
std::string kindOf(const Term &term);
/// The term as it would be written: `[1, 2]`, `"text"` with quotes, a function by its name.
std::string spell(const Term &term);
/// As `spell`, but a string without quotes: what `{...}` inserts and `-D` takes.
std::string plainText(const Term &term);
/// A number without needless digits, and never looking like an int.
std::string spellFloat(double number);
/// Of compile-time values: numbers by value, strings and lists by content, functions by identity.
bool sameTerm(const Term &a, const Term &b);
/// The name a function was declared with.
std::string nameOf(const Callable &function);
std::string dtypeName(DType type);

} // namespace nacre::lang
