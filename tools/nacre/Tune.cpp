//===- Tune.cpp - nacre tune ----------------------------------------------===//
//
// Measures on this machine how convolutions are computed the fastest, and writes it to
// a file that `nacre build --schedule` takes. One thing is varied at a time; a binary
// has another choice for every convolution at once, as each is measured by itself.
// Binaries take turns, so that what else the machine does meets them all.
//
//===----------------------------------------------------------------------===//

#include "Compile.h"
#include "Model.h"
#include "Places.h"
#include "Process.h"
#include "TuneResults.h"

#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace nacre::tool {
namespace {

struct Options {
  Model model;
  TargetOptions target;
  std::string output;
  int threads = 1, rounds = 5, steps = 3;
  double limit = 600;
};

/// A folder that vanishes with all that is in it.
class TemporaryFolder {
public:
  TemporaryFolder() : path(std::filesystem::temp_directory_path() / "nacre-tune-XXXXXX") {
    std::string name = path.string();
    if (!mkdtemp(name.data()))
      throw Exit{UsersError, fmt::format("cannot make a folder in {}", path.parent_path().string())};
    path = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

void write(const std::string &file, const std::string &text) {
  std::ofstream stream(file);
  stream << text << std::flush;
  if (!stream)
    throw Exit{UsersError, fmt::format("cannot write \"{}\"", file)};
}

class Tuner {
public:
  explicit Tuner(Options &options) : options(options), program(options.model.elaborate()) {
    if (Outcome wrong = resolveTarget(options.target.target))
      throw Exit{WrongCommandLine, wrong->message};
    if (!options.target.target.starts_with("cpu:"))
      throw Exit{WrongCommandLine,
                 "nacre tune measures on this machine's CPU: leave out --target " + options.target.target};
  }

  void run() {
    build({});
    for (auto [knob, name] : knobs)
      tune(knob, name);
    finish();
  }

private:
  /// Whether there is time for `seconds` more.
  bool hasTime(double seconds) const { return progress.seconds() + seconds < options.limit; }

  std::string binaryOf(size_t number) const { return folder.path / fmt::format("binary{}", number); }

  TargetOptions targetFor(const Schedule &schedule) {
    TargetOptions target = options.target;
    if (schedule.empty())
      return target;
    target.schedule = folder.path / "schedule";
    write(target.schedule, scheduleText(target.target, "", schedule, {}, {0, timesOfNone(schedule)}));
    return target;
  }

  static std::map<std::string, double> timesOfNone(const Schedule &schedule) {
    std::map<std::string, double> times;
    for (const auto &[name, choice] : schedule)
      times[name] = 0;
    return times;
  }

  /// Builds the binary of a schedule.
  void build(const Schedule &schedule, size_t number = 0) {
    TargetOptions target = targetFor(schedule);
    Compilation compilation = makeCompilation(program, target, progress);
    require(compilation.reach(Stage::LLVM));
    require(compilation.link(linkLineFile(), binaryOf(number)));
  }

  std::vector<Tunable> tunables() {
    TargetOptions target = targetFor(best);
    Compilation compilation = makeCompilation(program, target, progress);
    require(compilation.reach(Stage::Fused));
    return compilation.tunables();
  }

  /// The times of binaries 0 to `count` - 1, which take turns.
  std::vector<StepTimes> measure(size_t count, const std::string &what) {
    std::vector<std::vector<StepTimes>> runs(count);
    for (int round = 0; round < options.rounds; ++round)
      for (size_t i = 0; i < count; ++i) {
        progress.show(
            fmt::format("nacre: {}, round {}/{}, binary {}/{}", what, round + 1, options.rounds, i + 1, count));
        runs[i].push_back(readBench(outputOf({binaryOf(i), "bench", "--json", "--steps", std::to_string(options.steps),
                                              "--threads", std::to_string(options.threads)})));
      }
    std::vector<StepTimes> times;
    for (const auto &each : runs)
      times.push_back(medianOf(each));
    return times;
  }

  void tune(Knob knob, const std::string &name) {
    if (!hasTime(0))
      return say(fmt::format("{}: not tried, as --limit is reached", name));
    std::vector<Schedule> variants = variantsOf(knob, tunables(), best);
    if (variants.empty())
      return say(fmt::format("{}: there is no other", name));
    std::vector<Schedule> schedules = {best};
    for (const Schedule &variant : variants) {
      if (!hasTime(0))
        break;
      build(variant, schedules.size());
      schedules.push_back(variant);
    }
    Schedule found = fastest(schedules, measure(schedules.size(), name));
    size_t changed = 0;
    for (const auto &[convolution, choice] : found)
      changed += !best.contains(convolution) || best[convolution] != choice;
    say(fmt::format("{}: another is faster for {} convolutions, of {} that were tried", name, changed,
                    schedules.size() - 1));
    if (changed == 0)
      return;
    best = std::move(found);
    build(best);
  }

  /// The whole, beside what the compiler does without.
  void finish() {
    if (!best.empty())
      build({}, 1);
    std::vector<StepTimes> times = measure(best.empty() ? 1 : 2, "default and tuned");
    const StepTimes &tuned = times.front(), &byDefault = times.back();
    // What is not faster once all is put together is not worth a line.
    std::erase_if(best, [&](const auto &entry) {
      auto now = tuned.convolutions.find(entry.first), before = byDefault.convolutions.find(entry.first);
      return now != tuned.convolutions.end() && now->second >= before->second;
    });
    std::string title = fmt::format("nacre tune {} --threads {}", options.model.file(), options.threads);
    write(options.output, scheduleText(options.target.target, title, best, tuned, byDefault));
    say(fmt::format("a step takes {:.2f} ms, by default {:.2f} ms", tuned.step, byDefault.step));
  }

  void say(const std::string &line) {
    progress.clear();
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  Options &options;
  Progress progress;
  lang::Program program;
  TemporaryFolder folder;
  Schedule best;
};

} // namespace

void addTune(CLI::App &app) {
  CLI::App *command = app.add_subcommand("tune", "Measure how convolutions are computed the fastest on this machine");
  auto options = std::make_shared<Options>();
  options->model.addOptions(*command);
  options->target.addOptions(*command);
  command->add_option("-o,--output", options->output, "The file for nacre build --schedule")
      ->required()
      ->type_name("FILE");
  command->add_option("--threads", options->threads, "Threads of a step")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--rounds", options->rounds, "Times that each candidate is measured")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--steps", options->steps, "Steps of a measurement")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--limit", options->limit, "Seconds after which nothing new is tried")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->callback([options] { Tuner(*options).run(); });
}

} // namespace nacre::tool
