//===- Process.h - Other programs -------------------------------*- C++ -*-===//
#pragma once

#include <string>
#include <vector>

namespace nacre::tool {

/// Runs a program and waits for its exit status. An interrupt is the program's to handle: it saves what it has.
int runAndWait(const std::vector<std::string> &command);

/// Runs a program and reads what it prints. If it fails, so does the command.
std::string outputOf(const std::vector<std::string> &command);

} // namespace nacre::tool
