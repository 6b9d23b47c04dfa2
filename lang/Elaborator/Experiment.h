//===- Experiment.h - An experiment as a program ----------------*- C++ -*-===//
//
// Evaluates the rules of an experiment once for each entry function and puts the
// `Program` together.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborate.h"
#include "lang/Elaborator/Evaluator.h"
#include "lang/Elaborator/Variables.h"

namespace nacre::lang {

class ExperimentBuilder {
public:
  ExperimentBuilder(Evaluator &evaluator, const Found &experiment, const Options &options);

  Program build();

private:
  //--- Settings (Settings.cpp)
  void readSettings();
  void checkSettings();
  /// Warns of patterns that nothing met.
  void checkPolicies();
  /// The value of a setting; none if it is not given.
  std::optional<Operand> setting(const std::string &name);
  int64_t positiveSetting(const std::string &name, const Operand &value);
  void readPolicies(const std::string &name, std::vector<Policy> &policies);
  void checkRecompute();
  void readLength();
  void readBest();
  Dataset readDataset(const DatasetUse &use);
  DataField readField(const DatasetField &field, Scope &scope);
  std::vector<PipelineStep> readSource(const DatasetField &field, Scope &scope);

  //--- Entry functions (Experiment.cpp)
  Pass &newPass(Graph::Kind kind, const std::string &name, bool training);
  Scope &experimentScope();
  Scope &ruleScope(const FunctionDecl &rule, const std::string &name);
  void forward(Pass &pass, int64_t batch);
  /// Up to the loss; the rule's scope.
  Scope &forwardToLoss(Pass &pass, int64_t batch);
  /// For what is left of an evaluation after the last whole batch.
  void forwardOne(Pass &pass);
  /// The loss of a few samples, if the model takes so few and has the same variables then; else that of a batch.
  Function checked();
  void bindFields(Pass &pass, Scope &scope, const FunctionDecl &rule, int64_t batch);
  void evaluateLoss(Pass &pass, Scope &scope);
  void evaluateMetric(Pass &pass, Scope &scope, const Statement &metric);
  void evaluateShow(Pass &pass, Scope &scope, const Statement &show);
  void update(Pass &pass);
  void updateParameter(Pass &pass, const Variables::Record &record, int64_t index);
  /// With `ema`: the average of a parameter, a state of the update that evaluation reads in its place.
  void averageParameter(Pass &pass, const Variables::Record &record, const Tensor &fresh, int64_t index);
  void init(Pass &pass);
  Value importArgument(const Site &site, Graph &into, const Tensor &tensor);

  //--- Assembly (Assembly.cpp)
  /// Gives a function all variables as arguments, in the order of the checkpoint, and its states as results.
  void completeForward(Function &function, bool training);
  std::map<std::string, std::string> averagesByOwner() const;
  void completeUpdate(Function &function);
  void checkTotals();
  void collectVariables();
  void collectLayers();
  void collectLoops(const Function &function);

  const Setting *rule(const std::string &name) const;

  Evaluator &e;
  const Declaration &experiment;
  Module &module;
  const Options &options;
  Variables variables;
  BodyInfo info;
  Program program;
  std::deque<Graph> graphs;
  std::deque<Pass> passes;
  Scope *settings = nullptr; ///< The experiment, in the pass at hand.
};

} // namespace nacre::lang
