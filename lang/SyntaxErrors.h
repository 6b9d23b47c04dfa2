//===- SyntaxErrors.h - What an unexpected token means ----------*- C++ -*-===//
//
// Turns "this token cannot stand here" into a message its author can use.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Lexer.h"

#include <vector>

namespace nacre::lang {

/// The message for token `found` where only `expected` ones could go on.
SyntaxError explainSyntaxError(const Lexer &lexer, Grammar::symbol_kind_type found, Span at,
                               const std::vector<Grammar::symbol_kind_type> &expected);

} // namespace nacre::lang
