//===- Term.cpp - Comparing and spelling values ---------------------------===//

#include "lang/Elaborator/Term.h"

#include "lang/Elaborator/Primitive.h"

#include <charconv>
#include <cmath>

using namespace nacre::lang;

std::string nacre::lang::dtypeName(DType type) {
  switch (type) {
  case DType::Float:
    return "float";
  case DType::Int:
    return "int";
  case DType::U8:
    return "u8";
  case DType::Bool:
    return "bool";
  }
  return "";
}

std::string nacre::lang::nameOf(const Callable &function) {
  return function.declaration ? function.declaration->name.text : function.primitive->name;
}

/// With what it waits for, as that may be the mistake.
static std::string kindOfFunction(const Callable &function) {
  std::string open;
  auto add = [&](size_t i, bool required, const std::string &name) {
    if (required && !(i < function.given.size() && function.given[i]))
      open += (open.empty() ? "" : ", ") + name;
  };
  if (function.primitive)
    for (size_t i = 0; i < function.primitive->parameters.size(); ++i)
      add(i, function.primitive->parameters[i].required, function.primitive->parameters[i].name);
  else if (function.declaration->function) {
    const std::vector<Parameter> &parameters = function.declaration->function->signature.parameters;
    for (size_t i = 0; i < parameters.size(); ++i)
      add(i, !parameters[i].value, parameters[i].name.text);
  }
  return open.empty() ? "a function" : "a function that still needs " + open;
}

std::string nacre::lang::kindOf(const Term &term) {
  if (term.isNone())
    return "none";
  if (term.asInt())
    return "an int";
  if (term.asFloat())
    return "a float";
  if (term.asBool())
    return "a bool";
  if (term.asString())
    return "a string";
  if (term.asList())
    return "a list";
  if (term.asTensor())
    return "a tensor";
  if (auto *function = term.asFunction())
    return kindOfFunction(*function);
  return term.asPipeline() ? "a data pipeline" : "a dataset";
}

std::string nacre::lang::spellFloat(double number) {
  if (std::isnan(number) || std::isinf(number))
    return std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  std::string text(buffer, end);
  if (size_t exponent = text.find('e'); exponent != std::string::npos) {
    // The language writes 1e-4 and 1e20, C++ 1e-04 and 1e+20.
    std::string mantissa = text.substr(0, exponent), power = text.substr(exponent + 1);
    std::string sign = power[0] == '-' ? "-" : "";
    power = power.substr(power[0] == '-' || power[0] == '+' ? 1 : 0);
    power.erase(0, std::min(power.find_first_not_of('0'), power.size() - 1));
    return mantissa + "e" + sign + power;
  }
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

static std::string spellTensor(const Tensor &tensor) {
  std::string text = tensor.type.dtype == DType::Float ? "[" : dtypeName(tensor.type.dtype) + "[";
  for (size_t i = 0; i < tensor.rank(); ++i)
    text += (i ? ", " : "") + std::to_string(tensor.type.shape[i]);
  return text + "]";
}

/// With the arguments it has: `kaiming_normal(fan = fan_out)`.
static std::string spellFunction(const Callable &function) {
  std::string given;
  for (size_t i = 0; i < function.given.size(); ++i) {
    if (!function.given[i])
      continue;
    const std::string &name = function.primitive ? function.primitive->parameters[i].name
                                                 : function.declaration->function->signature.parameters[i].name.text;
    given += (given.empty() ? "" : ", ") + name + " = " + spell(*function.given[i]);
  }
  return nameOf(function) + (given.empty() ? "" : "(" + given + ")");
}

std::string nacre::lang::spell(const Term &term) {
  if (auto *number = term.asInt())
    return std::to_string(*number);
  if (auto *number = term.asFloat())
    return spellFloat(*number);
  if (auto *truth = term.asBool())
    return *truth ? "true" : "false";
  if (auto *text = term.asString())
    return "\"" + *text + "\"";
  if (auto *list = term.asList()) {
    std::string text = "[";
    for (const Term &element : *list)
      text += (text.size() > 1 ? ", " : "") + spell(element);
    return text + "]";
  }
  if (auto *tensor = term.asTensor())
    return spellTensor(*tensor);
  if (auto *function = term.asFunction())
    return spellFunction(*function);
  if (auto *dataset = term.asDataset())
    return dataset->declaration->name.text;
  return term.isNone() ? "none" : "a data pipeline";
}

std::string nacre::lang::plainText(const Term &term) { return term.asString() ? *term.asString() : spell(term); }

static bool sameGiven(const std::vector<std::optional<Term>> &a, const std::vector<std::optional<Term>> &b) {
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::optional<Term> left = i < a.size() ? a[i] : std::nullopt, right = i < b.size() ? b[i] : std::nullopt;
    if (left.has_value() != right.has_value() || (left && !sameTerm(*left, *right)))
      return false;
  }
  return true;
}

bool nacre::lang::sameTerm(const Term &a, const Term &b) {
  if (a.isNumber() && b.isNumber())
    return a.asInt() && b.asInt() ? *a.asInt() == *b.asInt() : a.number() == b.number();
  if (a.value.index() != b.value.index())
    return false;
  if (auto *truth = a.asBool())
    return *truth == *b.asBool();
  if (auto *text = a.asString())
    return *text == *b.asString();
  if (auto *list = a.asList()) {
    const List &other = *b.asList();
    return list->size() == other.size() && std::equal(list->begin(), list->end(), other.begin(), sameTerm);
  }
  if (auto *function = a.asFunction()) {
    const Callable &other = *b.asFunction();
    return function->declaration == other.declaration && function->primitive == other.primitive &&
           sameGiven(function->given, other.given);
  }
  if (auto *dataset = a.asDataset())
    return dataset->declaration == b.asDataset()->declaration && sameGiven(dataset->given, b.asDataset()->given);
  return a.isNone();
}
