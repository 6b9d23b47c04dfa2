//===- main.cpp - nacre, the compiler's command -----------------*- C++ -*-===//
//
// Exit status: 0 well, 1 the user's error, 2 a wrong command line, 3 our own fault.
//
//===----------------------------------------------------------------------===//

#include "Command.h"
#include "Crash.h"
#include "lang/Diagnostic.h"

#include <fmt/format.h>

using namespace nacre;
using namespace nacre::tool;

/// A word that is no command, where a command should be. CLI11 would only say that it was not expected.
static void rejectUnknownCommand(const CLI::App &app, int argc, char **argv) {
  std::vector<std::string> names;
  for (const CLI::App *command : app.get_subcommands({}))
    names.push_back(command->get_name());
  if (argc < 2 || argv[1][0] == '-' || std::find(names.begin(), names.end(), argv[1]) != names.end())
    return;
  throw Exit{WrongCommandLine, fmt::format("there is no command \"{}\"{}", argv[1], lang::didYouMean(argv[1], names))};
}

static int run(int argc, char **argv) {
  CLI::App app("Nacre compiles models of neural networks, and the rules by which they are trained, to binaries.",
               "nacre");
  app.set_version_flag("--version", "nacre " NACRE_VERSION);
  app.require_subcommand(1);
  for (auto add : {addCheck, addSummary, addBuild, addEmit, addFormat, addSweep, addTune})
    add(app);
  try {
    rejectUnknownCommand(app, argc, argv);
    app.parse(argc, argv);
    return Well;
  } catch (const CLI::Success &asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError &error) {
    throw Exit{WrongCommandLine, fmt::format("{}\nTry: nacre --help", error.what())};
  }
}

int main(int argc, char **argv) {
  reportCrashes();
  try {
    return run(argc, argv);
  } catch (const Exit &exit) {
    if (!exit.message.empty())
      fmt::print(stderr, "nacre: {}{}\n", exit.status == OursError ? "internal error: " : "error: ", exit.message);
    return exit.status;
  } catch (const std::exception &error) {
    fmt::print(stderr, "nacre: internal error: {}\n", error.what());
    return OursError;
  }
}
