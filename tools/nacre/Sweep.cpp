//===- Sweep.cpp - nacre sweep --------------------------------------------===//
//
// Builds and trains every combination of a sweep, each in a folder of its own. What
// is done is not done again; what was interrupted goes on. Errors in any of them are
// found before the first is trained.
//
//===----------------------------------------------------------------------===//

#include "Compile.h"
#include "Model.h"
#include "Places.h"
#include "Process.h"
#include "SweepResults.h"
#include "lang/Diagnostic.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace nacre::tool {
namespace {

struct Options {
  Model model;
  TargetOptions target;
  std::string name, out;
  std::vector<std::pair<std::string, std::string>> forwarded; ///< Options of the binaries, if given.

  /// The value of an option of the binaries, which reads it more strictly.
  std::optional<int64_t> forwardedNumber(std::string_view name) const {
    for (const auto &[option, text] : forwarded) {
      int64_t value = 0;
      if (option == name && std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc())
        return value;
    }
    return std::nullopt;
  }
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

lang::Program elaborate(const Options &options, const lang::Sweep &sweep, const SweepRun &run) {
  Model model = options.model;
  for (const auto &[config, value] : run.values)
    model.define(config, value);
  model.chooseExperiment(sweep.experiment);
  try {
    return model.elaborate();
  } catch (const Exit &) {
    throw Exit{UsersError, fmt::format("nothing was trained: {} is no model", run.name())};
  }
}

/// What a folder holds must be what would be trained there.
void requireSame(const Options &options, const lang::Program &program, const SweepRun &run) {
  SweepPlan plan{.configs = program.configs,
                 .batch = program.settings.batch,
                 .seed = options.forwardedNumber("seed").value_or(program.settings.seed),
                 .epochs = options.forwardedNumber("epochs")};
  std::string difference = differenceOf(run, plan);
  if (!difference.empty())
    throw Exit{UsersError, fmt::format("{} holds a training with {}: remove it, or give another --out",
                                       run.folder.string(), difference)};
}

void build(const Options &options, const lang::Program &program, const SweepRun &run) {
  std::error_code error;
  std::filesystem::create_directories(run.folder, error);
  if (error)
    throw Exit{UsersError, fmt::format("cannot make the folder \"{}\": {}", run.folder.string(), error.message())};
  Progress progress;
  Compilation compilation = makeCompilation(program, options.target, progress);
  require(compilation.reach(Stage::LLVM));
  require(compilation.link(linkLineFile(), run.folder / "model"));
}

/// The exit status of the training.
int train(const Options &options, const SweepRun &run, RunState state) {
  std::vector<std::string> command = {run.folder / "model", "train", "--out", run.folder};
  for (const auto &[name, value] : options.forwarded)
    if (!value.empty())
      command.insert(command.end(), {"--" + name, value});
  if (state == RunState::Begun)
    command.insert(command.end(), {"--resume", run.folder / "last.safetensors"});
  return runAndWait(command);
}

void sweep(const Options &options) {
  lang::Sweep sweep = sweepOf(Model(options.model).contents(), options);
  std::vector<SweepRun> runs = runsOf(sweep, options.out);
  std::vector<lang::Program> programs;
  for (const SweepRun &run : runs) {
    programs.push_back(elaborate(options, sweep, run));
    requireSame(options, programs.back(), run);
  }
  bool stopsEarly = options.forwardedNumber("steps").has_value(), maximize = programs.front().settings.maximize;
  for (size_t i = 0; i < runs.size(); ++i) {
    const SweepRun &run = runs[i];
    RunState state = stateOf(run, stopsEarly);
    fmt::print("[{}/{}] {}{}\n", i + 1, runs.size(), run.name(), state == RunState::Done ? ": done before" : "");
    std::fflush(stdout);
    if (state == RunState::Done)
      continue;
    build(options, programs[i], run);
    int status = train(options, run, state);
    writeResults(runs, maximize, options.out);
    if (stateOf(run, stopsEarly) == RunState::Done)
      continue;
    throw Exit{UsersError, status ? fmt::format("the training of {} ended with status {}", run.name(), status)
                                  : "stopped; the same command goes on from here"};
  }
  fmt::print("\n{}\ntable and plot: {}/table.md, {}/loss.svg\n", writeResults(runs, maximize, options.out), options.out,
             options.out);
}

} // namespace

void addSweep(CLI::App &app) {
  CLI::App *command = app.add_subcommand("sweep", "Build and train every combination of a sweep, and compare them");
  auto options = std::make_shared<Options>();
  options->model.addOptions(*command);
  command->add_option("NAME", options->name, "The sweep")->required();
  command->add_option("--out", options->out, "Folder for all runs")->required()->type_name("DIR");
  options->target.addOptions(*command);
  options->forwarded = {{"data", ""},  {"data-memory", ""}, {"epochs", ""},
                        {"steps", ""}, {"seed", ""},        {"threads", ""}};
  for (auto &[name, value] : options->forwarded)
    command->add_option("--" + name, value, "As `BIN train` takes it")->type_name("VALUE");
  command->callback([options] { sweep(*options); });
}

} // namespace nacre::tool
