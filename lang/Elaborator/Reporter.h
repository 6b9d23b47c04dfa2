//===- Reporter.h - Errors at the line their author wrote -------*- C++ -*-===//
//
// Places a message at the innermost call outside the stdlib, with notes for the
// line inside and for the calls on the way.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Scope.h"

#include <set>

namespace nacre::lang {

/// Ends elaboration; caught by the entry points.
struct Failure {
  Diagnostic diagnostic;
};

class Reporter {
public:
  Reporter(SourceManager &sources, DiagnosticSink &sink, const ModuleSet &modules)
      : sources(sources), sink(sink), modules(modules) {}

  /// Labels mark the evidence in the line of the mistake; they become notes where that lies in the stdlib.
  [[noreturn]] void fail(const Site &site, std::string message, std::vector<Label> labels = {},
                         std::vector<Label> notes = {}) const;
  /// Said once for a place and text, however often it is met, and not at all while `quiet`.
  void warn(const Site &site, std::string message);

  SourceManager &sources;
  DiagnosticSink &sink;
  const ModuleSet &modules;
  bool quiet = false;

private:
  Diagnostic place(Severity severity, const Site &site, std::string message, std::vector<Label> labels) const;

  std::set<std::string> said;
};

} // namespace nacre::lang
