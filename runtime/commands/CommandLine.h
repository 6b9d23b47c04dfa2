//===- CommandLine.h - The commands and their options -----------*- C++ -*-===//
//
// Reads the command line of a training binary.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ABI.h"
#include "runtime/core/Console.h"

namespace nacre::runtime {

/// Runs the command that `argv` names and returns the exit status: 2 for a wrong command line.
int runCommandLine(const abi::Model &model, int argc, char **argv, Console &console);

} // namespace nacre::runtime
