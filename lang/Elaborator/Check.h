//===- Check.h - Mistakes that need no evaluation ---------------*- C++ -*-===//
//
// Names that are unknown, unused, defined twice or wrongly capitalised, wherever
// they stand: also in a branch that is not chosen.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Module.h"

namespace nacre::lang {

/// Checks the main file and what it imports; unused names are looked for in the main file alone. The stdlib is
/// checked on request: its tests do.
bool checkDeclarations(const ModuleSet &modules, DiagnosticSink &sink, bool withStdlib = false);

} // namespace nacre::lang
