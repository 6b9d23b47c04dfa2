//===- Needed.h - A function without what nothing needs ---------*- C++ -*-===//
//
// The single elements of a loop and attempts to make one leave operations behind
// that nothing reads, and a loop may give more than is read of it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Program.h"

namespace nacre::lang {

/// The function, and the bodies of its loops, without operations, stacks, carries and inputs of loops that no result
/// depends on. The last element of a loop is read from its carry. Arguments of the function itself stay.
Function needed(Function function);

} // namespace nacre::lang
