//===- Emit.cpp - nacre emit ----------------------------------------------===//

#include "Compile.h"
#include "Model.h"
#include "lang/Diagnostic.h"

#include <fmt/format.h>

namespace nacre::tool {
namespace {

struct Options {
  Model model;
  TargetOptions target;
  std::string stage, function;
  bool noLocations = false;
};

/// The stages, one a line, for the help.
std::string stageHelp() {
  std::string help = "Stages:\n";
  for (const StageInfo &info : stages())
    help += fmt::format("  {:<8}{}\n", info.name, info.what);
  return help;
}

Stage stageOf(const std::string &name) {
  if (std::optional<Stage> stage = findStage(name))
    return *stage;
  std::vector<std::string> names;
  for (const StageInfo &info : stages())
    names.push_back(info.name);
  throw Exit{WrongCommandLine,
             fmt::format("there is no stage \"{}\"{}\n{}", name, lang::didYouMean(name, names), stageHelp())};
}

void emit(Options &options) {
  Stage stage = stageOf(options.stage);
  lang::Program program = options.model.elaborate();
  Progress progress;
  Compilation compilation = makeCompilation(program, options.target, progress);
  require(compilation.reach(stage));
  Text text = compilation.text(options.function, !options.noLocations);
  progress.clear();
  if (auto *failure = std::get_if<Failure>(&text))
    require(*failure);
  fmt::print("{}", std::get<std::string>(text));
}

} // namespace

void addEmit(CLI::App &app) {
  CLI::App *command = app.add_subcommand("emit", "Print a model as a stage of the compiler sees it");
  auto options = std::make_shared<Options>();
  options->model.addOptions(*command);
  options->target.addOptions(*command);
  options->target.addSchedule(*command);
  command->add_option("--stage", options->stage, "The stage")->required()->type_name("STAGE");
  command->add_option("--function", options->function, "Only this function: train, eval, a kernel's name")
      ->type_name("NAME");
  command->add_flag("--no-locations", options->noLocations, "Plain IR, as nacre-opt reads it");
  command->footer(stageHelp());
  command->callback([options] { emit(*options); });
}

} // namespace nacre::tool
