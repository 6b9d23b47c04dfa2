//===- Graph.h - A function of the program, while it grows ------*- C++ -*-===//
//
// Appends operations to a `Function` and remembers who made which value, so
// that a value can be made again in another function. The body of a loop is a
// graph within the graph that has the loop.
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
  /// The body of a loop in `parent`.
  Graph(Graph &parent, std::string name) : Graph(parent.kind, std::move(name)) { this->parent = &parent; }
  Graph(const Graph &) = delete;

  std::vector<Value> add(OpCode code, std::vector<Value> operands, std::vector<TensorType> types, uint32_t frame);
  Value add(OpCode code, std::vector<Value> operands, TensorType type, uint32_t frame) {
    return add(std::move(code), std::move(operands), std::vector{std::move(type)}, frame).front();
  }
  Value addArgument(Port::Role role, std::string name, TensorType type);
  void addResult(Port::Role role, std::string name, Value value) {
    function.results.push_back({role, std::move(name), value});
  }

  const TensorType &type(Value value) const { return function.values[value]; }
  /// Null for an argument.
  const Op *producer(Value value) const { return producers[value] < 0 ? nullptr : &function.ops[producers[value]]; }
  const Port &argument(Value value) const { return function.arguments[arguments.at(value)]; }

  //--- Loops
  Graph &root() { return parent ? parent->root() : *this; }
  /// Is this `other`, or the body of a loop in it?
  bool isWithin(const Graph &other) const { return this == &other || (parent && parent->isWithin(other)); }
  /// An argument of a body, with the value of `parent` that it takes from outside.
  Value addArgument(Port::Role role, std::string name, Value fromOutside);
  /// Appends the loop of a body that is complete but for its stacks.
  void addLoop(op::Scan code, Graph &body, uint32_t frame);
  /// A further result of the loop of `body`: all the steps' values of one of the body's.
  Value addStack(Graph &body, std::string name, Value slice);
  /// The code of an op; of a loop with a copy of its body as it is now.
  OpCode codeOf(const Op &op) const;
  /// The function with the bodies of its loops.
  Function finished() const;

  const Kind kind;
  Graph *parent = nullptr; ///< Of the body of a loop.
  Function function;
  std::unordered_map<Value, Value> outside; ///< Of a body: the value of `parent` that an argument takes.
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
  std::unordered_map<size_t, const Graph *> bodies; ///< Of the loops, by the number of the op.
  size_t loop = 0;                                  ///< Of a body: the number of its op in `parent`.
};

} // namespace nacre::lang
