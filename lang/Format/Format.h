//===- Format.h - The one way a model file is laid out ----------*- C++ -*-===//
//
// `nacre fmt`. Words, comments and their order stay; spaces and line ends are
// put where lang/README.md says.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Ast.h"
#include "lang/Source.h"

#include <string>

namespace nacre::lang {

/// The text of a parsed file, formatted. Formatting the result again changes nothing.
std::string formatFile(const File &file, const SourceManager &sources);

} // namespace nacre::lang
