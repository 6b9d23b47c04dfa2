//===- Command.h - The commands of nacre ------------------------*- C++ -*-===//
//
// Each command declares its options on the application, and a callback that does
// its work. A command that cannot end well throws `Exit`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace nacre::tool {

enum Status { Well = 0, UsersError = 1, WrongCommandLine = 2, OursError = 3 };

/// Ends the program. The message, if any, has not been shown yet.
struct Exit {
  Status status;
  std::string message;
};

void addCheck(CLI::App &app);
void addSummary(CLI::App &app);
void addBuild(CLI::App &app);
void addEmit(CLI::App &app);
void addFormat(CLI::App &app);
void addSweep(CLI::App &app);
void addTune(CLI::App &app);

} // namespace nacre::tool
