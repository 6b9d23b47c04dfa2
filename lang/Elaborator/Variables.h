//===- Variables.h - Parameters and states ----------------------*- C++ -*-===//
//
// Every `param` and `state` that some entry function has met: its path, who owns
// it, its initial and its next value. The path is the identity.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Evaluator.h"

namespace nacre::lang {

class Variables {
public:
  explicit Variables(Evaluator &evaluator) : e(evaluator) {}

  /// The value at the start of the step (of `init`: the initial value), in the graph of the current pass.
  Term read(Scope &scope, const Statement &statement, const Site &use);
  /// Computes a state's value at the end of the step.
  void next(Scope &scope, const Statement &statement);
  /// The initial value of a path, in the graph of `init`, which must be the current pass.
  Tensor initial(const std::string &path, const Site &use);

  struct Record {
    Variable variable;
    bool state = false;
    Scope *scope = nullptr;
    const Statement *statement = nullptr; ///< Null for an average, which begins as its parameter.
    Order order;
  };
  /// The state that holds the average of a parameter; returns its path.
  std::string addAverage(const Record &parameter, int64_t index, const Site &site);
  /// Parameters, or states of the network or of the optimizer, in the order of the checkpoint.
  std::vector<const Record *> ordered(bool states, bool optimizer) const;
  /// Next values computed in this pass, by path.
  std::map<std::string, Value> nextValues;

private:
  std::string pathOf(Scope &scope, const Statement &statement);
  Record &enter(Scope &scope, const Statement &statement, const std::string &path, const TensorType &type);
  Tensor initialValue(const Record &record);
  [[noreturn]] void twoInstances(const std::string &path, Scope &scope, const Statement &statement,
                                 const Record &record);

  Evaluator &e;
  std::map<std::string, Record> records;
  std::map<std::string, Slot> initialValues;
};

} // namespace nacre::lang
