//===- Main.cpp - The command line of a training binary -------------------===//
//
// Parses the command line, runs the command, turns errors into messages and exit
// codes: 1 for the user's error, 2 for a wrong command line, 3 for ours.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/CommandLine.h"
#include "runtime/core/Error.h"

#include <new>

int main(int argc, char **argv) {
  using namespace nacre::runtime;
  constexpr int usersError = 1, ourError = 3;
  Console console;
  try {
    return runCommandLine(nacre_model, argc, argv, console);
  } catch (const UserError &error) {
    console.error(error.what());
    return usersError;
  } catch (const std::bad_alloc &) {
    console.error("there is not enough memory");
    return usersError;
  } catch (const std::exception &error) {
    console.error(fmt::format("internal error: {}", error.what()));
    return ourError;
  }
}
