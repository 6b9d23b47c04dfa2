//===- RandomEntry.h - Entries of launches and loops, at random -*- C++ -*-===//
#pragma once

#include <string>

namespace nacre::test {

/// A module of the kernel stage with one entry, made of launches of `@mix`, `@blend` and `@point` (see Interpreter.h)
/// and loops, some of them in loops. The same seed gives the same module.
std::string randomEntry(unsigned seed);

} // namespace nacre::test
