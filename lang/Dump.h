//===- Dump.h - The syntax tree as text -------------------------*- C++ -*-===//
//
// One node a line, children indented: for tests and for people who wonder how
// something was read.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Ast.h"
#include "lang/Source.h"

#include <string>

namespace nacre::lang {

/// The tree of a file. With `sources`, every node also says where it stands.
std::string dump(const File &file, const SourceManager *sources = nullptr);

/// How an operator is written.
const char *spelling(BinaryOp op);

} // namespace nacre::lang
