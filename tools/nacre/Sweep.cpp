//===- Sweep.cpp - nacre sweep --------------------------------------------===//
//
// Builds and trains every combination of a sweep, each in a folder of its own. What
// is done is not done again; what was interrupted goes on.
//
//===----------------------------------------------------------------------===//

#include "Compile.h"
#include "Model.h"
#include "Places.h"
#include "SweepResults.h"
#include "lang/Diagnostic.h"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nacre::tool {
namespace {

struct Options {
  Model model;
  TargetOptions target;
  std::string name, out;
  std::vector<std::pair<std::string, std::string>> forwarded; ///< Options of the binaries, if given.
};

lang::Sweep sweepOf(const lang::Contents &contents, const Options &options) {
  std::vector<std::string> names;
  for (const lang::Sweep &sweep : contents.sweeps) {
    if (sweep.name == options.name)
      return sweep;
    names.push_back(sweep.name);
  }
  throw Exit{UsersError, fmt::format("{} has no sweep \"{}\"{}", options.model.file(), options.name,
                                     lang::didYouMean(options.name, names))};
}

/// What may stand in the name of a folder.
std::string folderName(std::string text) {
  std::erase_if(text, [](char c) { return c == '"' || c == ' '; });
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

/// The product of the axes; the first changes slowest.
std::vector<SweepRun> runsOf(const lang::Sweep &sweep, const std::filesystem::path &out) {
  std::vector<SweepRun> runs(1);
  for (const lang::SweepAxis &axis : sweep.axes) {
    std::vector<SweepRun> longer;
    for (const SweepRun &run : runs)
      for (const std::string &value : axis.values) {
        longer.push_back(run);
        longer.back().values.emplace_back(axis.config, value);
      }
    runs = std::move(longer);
  }
  for (SweepRun &run : runs)
    run.folder = out / folderName(run.name());
  return runs;
}

void build(const Options &options, const lang::Sweep &sweep, const SweepRun &run) {
  Model model = options.model;
  for (const auto &[config, value] : run.values)
    model.define(config, value);
  model.chooseExperiment(sweep.experiment);
  Progress progress;
  lang::Program program = model.elaborate();
  Compilation compilation = makeCompilation(program, options.target, progress);
  require(compilation.reach(Stage::LLVM));
  require(compilation.link(linkLineFile(), run.folder / "model"));
}

/// Runs a program and waits. An interrupt is the program's to handle: it saves what it has.
int runAndWait(const std::vector<std::string> &command) {
  std::vector<char *> arguments;
  for (const std::string &argument : command)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  auto before = std::signal(SIGINT, SIG_IGN);
  pid_t child = fork();
  if (child == 0) {
    std::signal(SIGINT, SIG_DFL);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::signal(SIGINT, before);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void train(const Options &options, const SweepRun &run, RunState state) {
  std::vector<std::string> command = {run.folder / "model", "train", "--out", run.folder};
  for (const auto &[name, value] : options.forwarded)
    if (!value.empty())
      command.insert(command.end(), {"--" + name, value});
  if (state == RunState::Begun)
    command.insert(command.end(), {"--resume", run.folder / "last.safetensors"});
  if (int status = runAndWait(command))
    throw Exit{UsersError, fmt::format("the training of {} ended with status {}", run.name(), status)};
}

void sweep(const Options &options) {
  lang::Contents contents = Model(options.model).contents();
  lang::Sweep sweep = sweepOf(contents, options);
  std::vector<SweepRun> runs = runsOf(sweep, options.out);
  bool stopsEarly = std::any_of(options.forwarded.begin(), options.forwarded.end(),
                                [](const auto &option) { return option.first == "steps" && !option.second.empty(); });
  for (size_t i = 0; i < runs.size(); ++i) {
    const SweepRun &run = runs[i];
    RunState state = stateOf(run, stopsEarly);
    fmt::print("[{}/{}] {}{}\n", i + 1, runs.size(), run.name(), state == RunState::Done ? ": done before" : "");
    std::fflush(stdout);
    if (state == RunState::Done)
      continue;
    std::error_code error;
    std::filesystem::create_directories(run.folder, error);
    if (error)
      throw Exit{UsersError, fmt::format("cannot make the folder \"{}\": {}", run.folder.string(), error.message())};
    build(options, sweep, run);
    train(options, run, state);
    writeResults(runs, options.out);
    if (stateOf(run, stopsEarly) != RunState::Done)
      throw Exit{UsersError, "stopped; the same command goes on from here"};
  }
  writeResults(runs, options.out);
  fmt::print("table and plot: {}/table.md, {}/loss.svg\n", options.out, options.out);
}

} // namespace

void addSweep(CLI::App &app) {
  CLI::App *command = app.add_subcommand("sweep", "Build and train every combination of a sweep, and compare them");
  auto options = std::make_shared<Options>();
  options->model.addOptions(*command);
  command->add_option("NAME", options->name, "The sweep")->required();
  command->add_option("--out", options->out, "Folder for all runs")->required()->type_name("DIR");
  options->target.addOptions(*command);
  options->forwarded = {{"data", ""}, {"epochs", ""}, {"steps", ""}, {"seed", ""}, {"threads", ""}};
  for (auto &[name, value] : options->forwarded)
    command->add_option("--" + name, value, "As `BIN train` takes it")->type_name("VALUE");
  command->callback([options] { sweep(*options); });
}

} // namespace nacre::tool
