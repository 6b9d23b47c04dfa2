//===- Elaborate.h - From a model file to tensors ---------------*- C++ -*-===//
//
// Evaluates everything in a model that is not a tensor: configs, blocks,
// families, shapes. What is left is a `Program`: a training step of plain
// tensor operations. Link with `NacreElaborator`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Diagnostic.h"
#include "lang/Program.h"
#include "lang/Source.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nacre::lang {

struct Options {
  std::vector<std::pair<std::string, std::string>> defines; ///< `-D NAME=VALUE`, in order; the last wins.
  std::string experiment;                                   ///< Empty: the file's first.
  std::optional<int64_t> batch;                             ///< Instead of the experiment's.
  std::string stdlibDir;                                    ///< Where losses.nacre and its siblings lie.
};

/// Elaborates an experiment of a file. None after an error, which then is in `sink`; warnings are there as well.
std::optional<Program> elaborate(const std::string &file, const Options &options, SourceManager &sources,
                                 DiagnosticSink &sink);

/// All that can be said about a file without training it: names that are unknown or unused, and the errors and
/// warnings of every experiment in it (or of `options.experiment` alone). True if there were no errors; `programs` are
/// then the experiments.
bool checkFile(const std::string &file, const Options &options, SourceManager &sources, DiagnosticSink &sink,
               std::vector<Program> &programs);

/// One dimension of a sweep: a config and its values, as `-D` takes them.
struct SweepAxis {
  std::string config;
  std::vector<std::string> values;
};

/// `sweep table = half_crop for layers in [1, 2, 3]`
struct Sweep {
  std::string name, experiment;
  std::vector<SweepAxis> axes; ///< The first changes slowest.
};

/// What a file declares, for commands that list or sweep. None after an error.
struct Contents {
  std::vector<std::string> experiments; ///< The first is the default.
  std::vector<Sweep> sweeps;
  std::vector<std::pair<std::string, std::string>> configs; ///< Name and value as text, overrides applied.
};
std::optional<Contents> contents(const std::string &file, const Options &options, SourceManager &sources,
                                 DiagnosticSink &sink);

/// Writes a program for reading: one operation a line, with shape and place.
void printProgram(const Program &program, std::ostream &out);

} // namespace nacre::lang
