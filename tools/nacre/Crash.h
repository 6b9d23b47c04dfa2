//===- Crash.h - The last words of a bug ------------------------*- C++ -*-===//
#pragma once

namespace nacre::tool {

/// From now on a crash says in one line that it is our fault, and exits with status 3.
void reportCrashes();

} // namespace nacre::tool
