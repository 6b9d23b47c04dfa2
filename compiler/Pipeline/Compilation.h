//===- Compilation.h - A program on its way through the stages --*- C++ -*-===//
//
// What the driver sees of the compiler. No MLIR here: tools stay quick to build.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Pipeline/Stages.h"
#include "lang/Program.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nacre {

struct CompileOptions {
  std::string target = "cpu";                ///< "cpu", "cpu:znver3", "ref"
  std::string precision = "f32";             ///< "f32", "f64", "bf16", "f16"; of a GPU also "tf32"
  std::vector<std::string> precisionOfPaths; ///< PATTERN=PRECISION, none of them f64; the last that matches holds
  std::string winograd;                      ///< "off", "f2", "f4"; empty: what the experiment says
  std::string schedule; ///< A file with choices for convolutions (GraphToFused/ScheduleFile.h); or none
  /// Called when a stage begins (0, 0) and, where one takes long, as parts of it get done.
  std::function<void(Stage stage, size_t done, size_t total)> progress;
  /// Called with each warning about the model ("file:line:column: warning: text").
  std::function<void(const std::string &message)> warn;
};

/// Why there is no result: the user's fault, or ours.
struct Failure {
  enum class Fault { Users, Ours } fault;
  std::string message;
};
using Outcome = std::optional<Failure>;

/// A text, or why there is none.
using Text = std::variant<std::string, Failure>;

/// How long a stage, or what comes after the last, took.
struct StageTime {
  const char *name;
  double seconds;
};

/// A convolution of which a schedule can say how it is computed, and what it may say instead of what holds now.
struct Tunable {
  std::string name;
  int64_t method; ///< Edge of the tiles of Winograd's method; 0: directly.
  std::vector<int64_t> methods = {}, parts = {}, blocks = {};
  std::vector<std::pair<int64_t, int64_t>> tiles = {};
};

class Compilation {
public:
  /// The program must outlive the compilation.
  Compilation(const lang::Program &program, CompileOptions options);
  ~Compilation();

  /// Goes through all stages up to this one that have not been reached yet.
  Outcome reach(Stage stage);
  /// The IR of the stage reached; with `function`, of that function alone. With
  /// `locations` each op says where in the model it comes from.
  Text text(const std::string &function = "", bool locations = false) const;
  /// By name. Needs the stage reached to be `fused`.
  std::vector<Tunable> tunables() const;
  /// Makes objects of the kernels and the tables, and links them with the runtime.
  Outcome link(const std::string &linkLine, const std::string &output);

  const std::vector<StageTime> &times() const;
  /// What was made: kernels, launches, the memory plan with its largest buffers.
  std::string report() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// The full name of a target ("cpu:znver3"), or what is wrong with it.
Outcome resolveTarget(std::string &target);

} // namespace nacre
