//===- Compile.cpp - From a model to a stage or a binary ------------------===//

#include "Compile.h"

#include <fmt/format.h>

namespace nacre::tool {

void TargetOptions::addOptions(CLI::App &command) {
  command
      .add_option("--target", target,
                  "cpu: this machine's; cpu:NAME: another; cuda, cuda:ARCHITECTURE: a GPU; cuda:A,B: several; "
                  "cuda:fat: all; cuda-emu, cuda-emu:ARCHITECTURE: a GPU's kernels, emulated; ref: plain loops, one "
                  "for each op")
      ->type_name("TARGET")
      ->capture_default_str();
  command
      .add_option(
          "--precision", precision,
          "Of all floating-point numbers, f32 or f64, whatever the experiment says; bf16, f16: f32, but feature "
          "maps are stored so, with f16 under a dynamic loss scale; tf32: f32. With these a GPU rounds what "
          "convolutions multiply, for its tensor cores")
      ->check(CLI::IsMember({"f32", "f64", "bf16", "f16", "tf32"}))
      ->type_name("P");
  command
      .add_option("--winograd", winograd,
                  "Largest tile of Winograd's method for 3x3 convolutions: off, f2 or f4, whatever the experiment says")
      ->check(CLI::IsMember({"off", "f2", "f4"}))
      ->type_name("TILE");
}

void TargetOptions::addSchedule(CLI::App &command) {
  command
      .add_option("--schedule", schedule,
                  "How convolutions are computed, where not as the compiler chooses: what nacre tune has measured")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
}

void require(const Outcome &outcome) {
  if (!outcome)
    return;
  if (outcome->fault == Failure::Fault::Ours)
    throw Exit{OursError, outcome->message};
  // It names a place of the model, as the messages of the language do.
  if (outcome->message.find(": error: ") != std::string::npos) {
    fmt::print(stderr, "{}\n", outcome->message);
    throw Exit{UsersError, ""};
  }
  throw Exit{UsersError, outcome->message};
}

/// Takes what the experiment asks for, as far as the target computes so, and says what it does not.
static void choosePrecisions(const lang::Program &program, CompileOptions &options) {
  auto isComputed = [&](const std::string &asked) { return asked != "tf32" || options.target.starts_with("cuda"); };
  std::vector<std::pair<std::string, std::string>> policies; // patterns, and what is asked for
  for (const lang::Policy &policy : program.settings.precision)
    if (const auto *asked = std::get_if<std::string>(&policy.value.value)) {
      policies.emplace_back(policy.pattern, *asked);
      if (policy.pattern == "*" && isComputed(*asked))
        options.precision = *asked;
    }
  for (const auto &[pattern, asked] : policies) {
    bool isOfOtherSize = (asked == "f64") != (options.precision == "f64");
    if (isComputed(asked) && !isOfOtherSize)
      options.precisionOfPaths.push_back(pattern + "=" + asked);
    else
      options.warn(fmt::format("{}: warning: the target {} does not compute \"{}\" in \"{}\": it is \"{}\"",
                               program.file, options.target, pattern, asked, options.precision));
  }
}

Compilation makeCompilation(const lang::Program &program, const TargetOptions &given, Progress &progress) {
  CompileOptions options;
  options.target = given.target;
  if (Outcome wrong = resolveTarget(options.target))
    throw Exit{WrongCommandLine, wrong->message};
  options.progress = [&progress](Stage stage, size_t done, size_t total) {
    std::string text = fmt::format("{}: {}", program_invocation_short_name, infoOf(stage).name);
    progress.show(total ? fmt::format("{} {}/{}", text, done, total) : text);
  };
  options.warn = [&progress](const std::string &message) {
    progress.clear();
    fmt::print(stderr, "{}\n", message);
  };
  if (given.precision.empty())
    choosePrecisions(program, options);
  else
    options.precision = given.precision;
  options.winograd = given.winograd;
  options.schedule = given.schedule;
  return Compilation(program, std::move(options));
}

} // namespace nacre::tool
