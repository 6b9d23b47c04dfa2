//===- Model.h - The model file a command works on --------------*- C++ -*-===//
#pragma once

#include "Command.h"
#include "lang/Elaborate.h"

namespace nacre::tool {

/// FILE, -D, --experiment, --batch: what every command that reads a model takes.
class Model {
public:
  void addOptions(CLI::App &command);

  /// The elaborated program. Shows errors and warnings; an error ends the command.
  lang::Program elaborate();
  /// Whether the file has no errors; what it has is shown, and warnings counted. `programs` are its experiments.
  bool check(size_t &warnings, std::vector<lang::Program> &programs);
  /// What the file declares.
  lang::Contents contents();

  /// Adds a definition, stronger than those of the command line.
  void define(const std::string &name, const std::string &value);
  void chooseExperiment(const std::string &name) { experiment = name; }
  const std::string &file() const { return path; }

private:
  lang::Options options() const;
  void show(const lang::SourceManager &sources, const lang::DiagnosticSink &sink);

  std::string path, experiment;
  std::vector<std::string> defines;
  int64_t batch = 0;
};

} // namespace nacre::tool
