//===- Parser.h - From text to syntax tree ----------------------*- C++ -*-===//
//
// Reads a model file, or one expression. The first mistake is reported and ends
// the reading: what follows it would be guesses.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Ast.h"
#include "lang/Diagnostic.h"
#include "lang/Source.h"

#include <memory>

namespace nacre::lang {

/// Brackets may be nested this deep; expressions as a whole, operators included, `maxExprDepth`.
/// Later stages may therefore walk a tree by recursion.
inline constexpr unsigned maxBracketDepth = 400;
inline constexpr unsigned maxExprDepth = 1000;

/// Parses a file of `sources`. Null after an error, which then is in `sink`.
std::unique_ptr<File> parseFile(const SourceManager &sources, uint32_t file, DiagnosticSink &sink);

/// Parses a text that is one expression, as in `-D NAME=VALUE`.
ExprPtr parseExpression(const SourceManager &sources, uint32_t file, DiagnosticSink &sink);

} // namespace nacre::lang
