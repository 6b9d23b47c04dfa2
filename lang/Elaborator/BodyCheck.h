//===- BodyCheck.h - Names inside one declaration ---------------*- C++ -*-===//
//
// Resolves every name of a function, experiment or constant without evaluating
// anything, and remembers which names were used.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Body.h"
#include "lang/Elaborator/Module.h"

#include <set>

namespace nacre::lang {

/// Declarations and files that something refers to.
struct Usage {
  std::set<const Declaration *> declarations;
  std::set<const Module *> modules;
};

class BodyCheck {
public:
  BodyCheck(const ModuleSet &modules, const Module &module, DiagnosticSink &sink, Usage &usage)
      : modules(modules), module(module), sink(sink), usage(usage) {}

  /// `unused` says whether names that nothing uses are mistakes here.
  void function(const FunctionDecl &function, const Declaration *declaration, bool unused);
  void experiment(const Declaration &declaration, bool unused);
  void dataset(const Declaration &declaration);
  void expression(const Expr &expr);
  void type(const TypeExpr *type, bool unknownAllowed = false);

private:
  void forward(const FunctionDecl &rule, bool unused);
  void signature(const Signature &signature);
  void statement(const Statement &statement);
  void dim(const Dim &dim);
  void name(const std::string &text, Span span);
  void calls(const Expr &callee, bool positional);
  void label(const Expr &label);
  void withLoop(const std::optional<Binding> &binding, const std::function<void()> &inside, bool mustBeUsed);
  void checkLocals(const BodyInfo &info);
  void checkSpelling(const Name &name, bool capital, const std::string &what);
  void reportUnused(const FunctionDecl &function);
  bool axisUsed(const TypeExpr *type) const;

  const ModuleSet &modules;
  const Module &module;
  DiagnosticSink &sink;
  Usage &usage;
  std::vector<const BodyInfo *> bodies; ///< The innermost last.
  std::vector<std::string> loops;
  std::set<std::string> used; ///< Names of the body at hand.
  bool pure = false;          ///< In a `fn`, which calls no blocks.
};

/// Names that are always there, and which no declaration may take.
bool isAmbient(const std::string &name);

} // namespace nacre::lang
