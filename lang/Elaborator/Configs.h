//===- Configs.h - The switches of a program --------------------*- C++ -*-===//
//
// One name is one config in the whole program: its default comes from the file
// nearest to the main one, `-D` wins over all, and the value must be allowed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborate.h"
#include "lang/Elaborator/Module.h"
#include "lang/Elaborator/Term.h"

#include <map>

namespace nacre::lang {

class Evaluator;

class Configs {
public:
  Configs(const ModuleSet &modules, const Options &options) : modules(modules), options(options) {}

  /// Finds the declarations and checks that every `-D` names one.
  bool collect(DiagnosticSink &sink);
  /// The value of a config, which is known to exist.
  Term value(const std::string &name, Span use);
  /// All, in the order of the files.
  std::vector<std::string> names() const { return order; }
  Evaluator *evaluator = nullptr;

private:
  struct Config {
    std::vector<Found> declarations; ///< The one that holds first.
    enum class State : uint8_t { Empty, Busy, Ready } state = State::Empty;
    Term value;
  };
  bool settle(const std::string &name, Config &config, DiagnosticSink &sink);
  Term compute(const std::string &name, Config &config);
  Term overridden(const std::string &name, const std::string &text, const Found &holder, const Term &standard);
  void checkAllowed(const std::string &name, const Config &config, Span span, const Term &value);
  Term evaluate(const Expr &expr, Module &module, const std::string &name);

  const ModuleSet &modules;
  const Options &options;
  std::map<std::string, Config> configs;
  std::vector<std::string> order;
  std::vector<ExprPtr> parsed; ///< Of `-D`s: functions may refer to them.
};

} // namespace nacre::lang
