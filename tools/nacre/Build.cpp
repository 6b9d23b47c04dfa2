//===- Build.cpp - nacre build --------------------------------------------===//

#include "Compile.h"
#include "Model.h"
#include "Places.h"

#include <fmt/format.h>

namespace nacre::tool {
namespace {

struct Options {
  Model model;
  TargetOptions target;
  std::string output;
  bool timing = false, report = false;
};

void printTimes(const Compilation &compilation) {
  double total = 0;
  for (const StageTime &time : compilation.times()) {
    fmt::print("{:<8}{:8.3f} s\n", time.name, time.seconds);
    total += time.seconds;
  }
  fmt::print("{:<8}{:8.3f} s\n", "total", total);
}

void build(Options &options) {
  Progress progress;
  progress.show("nacre: ast");
  lang::Program program = options.model.elaborate();
  Compilation compilation = makeCompilation(program, options.target, progress);
  require(compilation.reach(Stage::LLVM));
  require(compilation.link(linkLineFile(), options.output));
  progress.clear();
  if (options.report)
    fmt::print("{}", compilation.report());
  if (options.timing)
    printTimes(compilation);
}

} // namespace

void addBuild(CLI::App &app) {
  CLI::App *command = app.add_subcommand("build", "Compile a model to a binary that trains it");
  auto options = std::make_shared<Options>();
  options->model.addOptions(*command);
  options->target.addOptions(*command);
  options->target.addSchedule(*command);
  command->add_option("-o,--output", options->output, "The binary")->required()->type_name("BIN");
  command->add_flag("--timing", options->timing, "Say how long each stage took");
  command->add_flag("--report", options->report, "Say what was made: kernels, launches, the memory plan");
  command->callback([options] { build(*options); });
}

} // namespace nacre::tool
