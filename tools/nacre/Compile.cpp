//===- Compile.cpp - From a model to a stage or a binary ------------------===//

#include "Compile.h"

#include <fmt/format.h>

namespace nacre::tool {

void TargetOptions::addOptions(CLI::App &command) {
  command.add_option("--target", target, "cpu: this machine's; cpu:NAME: another; ref: plain loops, one for each op")
      ->type_name("TARGET")
      ->capture_default_str();
  command.add_option("--precision", precision, "Of all floating-point numbers: f32 or f64")
      ->check(CLI::IsMember({"f32", "f64"}))
      ->type_name("P")
      ->capture_default_str();
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

Compilation makeCompilation(const lang::Program &program, const TargetOptions &given, Progress &progress) {
  CompileOptions options;
  options.target = given.target;
  options.precision = given.precision;
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
  return Compilation(program, std::move(options));
}

} // namespace nacre::tool
