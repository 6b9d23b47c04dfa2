//===- Check.cpp - nacre check --------------------------------------------===//

#include "Model.h"

#include <fmt/format.h>

namespace nacre::tool {

void addCheck(CLI::App &app) {
  CLI::App *command = app.add_subcommand("check", "Say what is wrong with a model, and build nothing");
  auto model = std::make_shared<Model>();
  model->addOptions(*command);
  command->callback([model] {
    size_t warnings = 0;
    if (!model->check(warnings))
      throw Exit{UsersError, ""};
    if (warnings == 0)
      fmt::print("{}: no errors\n", model->file());
    else
      fmt::print("{}: no errors, {} warning{}\n", model->file(), warnings, warnings == 1 ? "" : "s");
  });
}

} // namespace nacre::tool
