//===- Graph.h - A function of the program, while it grows ------*- C++ -*-===//
//
// Appends operations to a `Function` and remembers who made which value, so
// that a value can be made again in another function.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Program.h"

#include <unordered_map>

namespace nacre::lang {

class Graph {
public:
  enum class Kind : uint8_t { Forward, Update, Init, Finish };

  explicit Graph(Kind kind, std::string name) : kind(kind) { function.name = std::move(name); }

  Value add(OpCode code, std::vector<Value> operands, TensorType type, uint32_t frame) {
    Value result = newValue(std::move(type), static_cast<int32_t>(function.ops.size()));
    function.ops.push_back({std::move(code), std::move(operands), {result}, frame});
    return result;
  }
  Value addArgument(Port::Role role, std::string name, TensorType type) {
    Value result = newValue(std::move(type), -1);
    arguments[result] = function.arguments.size();
    function.arguments.push_back({role, std::move(name), result});
    return result;
  }
  void addResult(Port::Role role, std::string name, Value value) {
    function.results.push_back({role, std::move(name), value});
  }

  const TensorType &type(Value value) const { return function.values[value]; }
  /// Null for an argument.
  const Op *producer(Value value) const { return producers[value] < 0 ? nullptr : &function.ops[producers[value]]; }
  const Port &argument(Value value) const { return function.arguments[arguments.at(value)]; }

  const Kind kind;
  Function function;
  /// Values of other graphs that were made again here.
  std::unordered_map<const Graph *, std::unordered_map<Value, Value>> copies;

private:
  Value newValue(TensorType type, int32_t producer) {
    function.values.push_back(std::move(type));
    producers.push_back(producer);
    return static_cast<Value>(function.values.size() - 1);
  }

  std::vector<int32_t> producers;
  std::unordered_map<Value, size_t> arguments;
};

} // namespace nacre::lang
