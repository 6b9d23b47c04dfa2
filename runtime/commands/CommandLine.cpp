//===- CommandLine.cpp - The commands and their options -------------------===//
//
// The options of each command, and the function that carries it out.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/CommandLine.h"

#include "runtime/commands/Commands.h"

#include <CLI/CLI.hpp>

namespace nacre::runtime {

namespace {

/// One command line: holds the options until the chosen command runs.
struct CommandLine {
  CommandLine(const abi::Model &model, Console &console);

  void addTrain();
  void addEval();
  void addBench();
  void addOthers();
  void addStep();
  CLI::App *command(const char *name, const char *about, std::function<int()> run);
  void addThreads(CLI::App *command, int &threads);
  void addData(CLI::App *command, DataOptions &options);
  void addJson(CLI::App *command, bool &json);

  const abi::Model &model;
  Console &console;
  CLI::App app;
  TrainOptions train;
  EvalOptions eval;
  BenchOptions bench;
  ExportOptions exporting;
  InfoOptions info;
  StepOptions step;
  GradCheckOptions gradCheck;
  int status = 0;
};

CommandLine::CommandLine(const abi::Model &model, Console &console)
    : model(model), console(console),
      app(fmt::format("Trains and evaluates \"{}\" ({}).", model.experiment, model.file)) {
  train.data.threads = eval.data.threads = bench.threads = step.threads = gradCheck.threads = availableThreads();
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(model.compiler));
  addTrain();
  addEval();
  addBench();
  addOthers();
  addStep();
}

CLI::App *CommandLine::command(const char *name, const char *about, std::function<int()> run) {
  CLI::App *sub = app.add_subcommand(name, about);
  sub->callback([this, run] { status = run(); });
  return sub;
}

void CommandLine::addThreads(CLI::App *command, int &threads) {
  constexpr int most = 1024;
  command->add_option("--threads", threads, "Number of threads; the results do not depend on it")
      ->check(CLI::Range(1, most));
}

void CommandLine::addData(CLI::App *command, DataOptions &options) {
  command->add_option("--data", options.folder, "Folder of the data set");
  command
      ->add_option("--data-memory", options.memory,
                   "Keep the data in this much memory, or else read and decode them again for each batch "
                   "(\"8GB\"; a quarter of what is free)")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false));
  addThreads(command, options.threads);
}

void CommandLine::addJson(CLI::App *command, bool &json) {
  auto chosen = [this, &json] {
    json = true;
    console.reserveOutput();
  };
  command->add_flag_callback("--json", chosen, "Print one JSON object");
}

void CommandLine::addTrain() {
  CLI::App *sub = command("train", "Train, or go on training", [this] { return trainCommand(model, train, console); });
  addData(sub, train.data);
  sub->add_option("--epochs", train.epochs, "Train for this many passes over the data")->check(CLI::PositiveNumber);
  sub->add_option("--steps", train.steps, "Stop after this many updates in all; the plan stays the same")
      ->check(CLI::NonNegativeNumber);
  sub->add_option("--seed", train.seed, "Seed of all random numbers");
  sub->add_option("--out", train.out, "Folder for checkpoints and metrics");
  auto *resume = sub->add_option("--resume", train.resume, "Go on from this checkpoint");
  sub->add_option("--weights", train.weights, "Begin with the parameters and statistics in this safetensors file")
      ->excludes(resume);
}

void CommandLine::addEval() {
  CLI::App *sub = command("eval", "Evaluate a checkpoint, or weights of PyTorch",
                          [this] { return evalCommand(model, eval, console); });
  sub->add_option("--checkpoint", eval.checkpoint, "The checkpoint")->required();
  addData(sub, eval.data);
  sub->add_option("--sheet", eval.sheet, "Write the pictures that the model shows to this PNG file");
  addJson(sub, eval.json);
}

void CommandLine::addBench() {
  CLI::App *sub =
      command("bench", "Measure training on generated data", [this] { return benchCommand(model, bench, console); });
  sub->add_option("--steps", bench.steps, "Number of timed updates")->check(CLI::PositiveNumber);
  addJson(sub, bench.json);
  sub->add_flag("--kernels", bench.kernels, "Show the time of each kernel");
  addThreads(sub, bench.threads);
}

void CommandLine::addOthers() {
  CLI::App *out = command("export", "Write parameters and statistics of a checkpoint, named and shaped as in PyTorch",
                          [this] { return exportCommand(model, exporting, console); });
  out->add_option("--checkpoint", exporting.checkpoint, "The checkpoint")->required();
  out->add_option("--out", exporting.out, "The safetensors file to write")->required();
  CLI::App *about = command("info", "Show what this binary was built from and what it needs",
                            [this] { return infoCommand(model, info, console); });
  addJson(about, info.json);
  CLI::App *check = command("gradcheck", "Compare all gradients with finite differences",
                            [this] { return gradCheckCommand(model, gradCheck, console); });
  check->add_option("--checkpoint", gradCheck.checkpoint, "Take parameters from this checkpoint");
  check->add_option("--seed", gradCheck.seed, "Seed of parameters, data and directions");
  check->add_option("--tolerance", gradCheck.tolerance, "Largest relative difference");
  addJson(check, gradCheck.json);
  addThreads(check, gradCheck.threads);
}

void CommandLine::addStep() {
  CLI::App *sub =
      command("step", "Run one entry on tensors from a file", [this] { return stepCommand(model, step, console); });
  sub->group(""); // for tests: not in the help
  sub->add_option("--in", step.in, "Tensors by path, fields as field.NAME");
  sub->add_option("--out", step.out, "Where to write what the entry leaves")->required();
  sub->add_option("--entry", step.entry, "train, apply, eval, eval_one or init");
  sub->add_option("--step", step.step, "Updates done before");
  sub->add_option("--draw", step.draw, "Batches drawn for before");
  sub->add_option("--seed", step.seed, "Seed of all random numbers");
  sub->add_option("--steps", step.steps, "Planned updates");
  sub->add_option("--steps-per-epoch", step.stepsPerEpoch, "Updates of one pass");
  addThreads(sub, step.threads);
}

} // namespace

int runCommandLine(const abi::Model &model, int argc, char **argv, Console &console) {
  constexpr int wrongCommandLine = 2;
  CommandLine line(model, console);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return line.app.exit(error) == 0 ? 0 : wrongCommandLine;
  }
  return line.status;
}

} // namespace nacre::runtime
