//===- Check.cpp - nacre check --------------------------------------------===//

#include "Compile.h"
#include "Model.h"

#include <fmt/format.h>

namespace nacre::tool {

/// Compiles as far as there is something to warn of, and counts the warnings.
static size_t checkGradients(const lang::Program &program) {
  size_t warnings = 0;
  CompileOptions options;
  options.warn = [&](const std::string &message) {
    fmt::print(stderr, "{}\n", message);
    ++warnings;
  };
  require(Compilation(program, std::move(options)).reach(Stage::Grad));
  return warnings;
}

void addCheck(CLI::App &app) {
  CLI::App *command = app.add_subcommand("check", "Say what is wrong with a model, and build nothing");
  auto model = std::make_shared<Model>();
  model->addOptions(*command);
  command->callback([model] {
    size_t warnings = 0;
    std::vector<lang::Program> programs;
    if (!model->check(warnings, programs))
      throw Exit{UsersError, ""};
    for (const lang::Program &program : programs)
      warnings += checkGradients(program);
    if (warnings == 0)
      fmt::print("{}: no errors\n", model->file());
    else
      fmt::print("{}: no errors, {} warning{}\n", model->file(), warnings, warnings == 1 ? "" : "s");
  });
}

} // namespace nacre::tool
