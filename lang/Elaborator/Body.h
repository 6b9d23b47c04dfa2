//===- Body.h - The names of a body -----------------------------*- C++ -*-===//
//
// What can be said about a function or an experiment before it is called: which
// equation defines which name, and the ordinals that name random streams.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Ast.h"
#include "lang/Diagnostic.h"

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace nacre::lang {

/// One target of an equation: `a` in `a, b = e`.
struct Definition {
  const Statement *statement = nullptr;
  unsigned target = 0;
  const Target &where() const { return statement->targets[target]; }
};

/// What a name of a body is.
struct Entry {
  enum class Kind {
    Argument, ///< A parameter; `index` counts them.
    Equation, ///< definitions[0]
    Family,   ///< One definition for each equation.
    Param,    ///< statement
    State,    ///< statement; the next value is an `Equation` of `Body::next`.
    Setting,  ///< Of an experiment: setting.
    Axis,     ///< Bound by a type: of a parameter (`statement` is null) or of definitions[0].
  };
  Kind kind;
  Span span;
  unsigned index = 0;
  std::vector<Definition> definitions = {};
  const Statement *statement = nullptr;
  const Setting *setting = nullptr;
};

/// A function's or experiment's names. Built once, shared by all calls.
struct BodyInfo {
  const Signature *signature = nullptr;
  const Body *body = nullptr;
  std::unordered_map<std::string, Entry> names;
  std::unordered_map<std::string, Entry> next; ///< `m'`, by m.
  std::vector<const Statement *> states, demands, metrics, shows;
  const Expr *result = nullptr; ///< What the body returns; null for a rule without.
  /// Of every call without a label: its number among those of the same name, in the order of the text.
  std::unordered_map<const Expr *, unsigned> ordinals;

  const Entry *find(const std::string &name) const {
    auto found = names.find(name);
    return found == names.end() ? nullptr : &found->second;
  }
};

/// Mistakes (a name defined twice, a state without a next value) go to the sink, if there is one.
BodyInfo analyse(const FunctionDecl &function, DiagnosticSink *sink);
BodyInfo analyse(const std::vector<Setting> &settings, DiagnosticSink *sink);

/// Calls `visit` with every direct subexpression, in the order of the text: operands, arguments, `over` clauses.
void forEachChild(const Expr &expr, const std::function<void(const Expr &)> &visit);
/// The name of what a call or piped operand calls, or "call" if it is an expression.
std::string calleeName(const Expr &call);
/// `expr` without its parentheses.
const Expr &stripped(const Expr &expr);
bool isCapital(const std::string &name);

} // namespace nacre::lang
