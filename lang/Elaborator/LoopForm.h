//===- LoopForm.h - Which equations may be loops over time ------*- C++ -*-===//
//
// What the text of a quantified equation says about it: whether its variable
// occurs in subscripts only, and which families it subscripts with it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Body.h"

#include <optional>
#include <set>

namespace nacre::lang {

/// A subscript `i`, `i + c` or `i - c`.
struct TimeSubscript {
  const Expr *distance = nullptr; ///< c; null for `i` alone.
  bool back = false;              ///< It is subtracted.
};

/// `index` as a subscript by the variable, if it is one.
std::optional<TimeSubscript> timeSubscript(const Expr &index, const std::string &variable);

/// Does the value of `expr` depend on the variable?
bool mentions(const Expr &expr, const std::string &variable);

/// What a loop's equation does with its variable.
struct LoopForm {
  bool subscriptsOnly = true;     ///< Of the form above, and nowhere else.
  std::set<std::string> families; ///< Those of the body that have such a subscript.
};
LoopForm loopForm(const Statement &statement, const BodyInfo &info);

} // namespace nacre::lang
