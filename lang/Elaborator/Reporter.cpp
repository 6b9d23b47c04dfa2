//===- Reporter.cpp - Placing messages ------------------------------------===//

#include "lang/Elaborator/Reporter.h"

using namespace nacre::lang;

/// More calls than this on the way to a mistake are not shown.
static constexpr unsigned maxNotes = 8;

Diagnostic Reporter::place(Severity severity, const Site &site, std::string message, std::vector<Label> labels) const {
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.message = std::move(message);
  Span span = site.span;
  const Scope *scope = site.scope;
  std::vector<Label> inside;
  std::string innermost;
  while (scope && modules.inStdlib(span) && scope->caller) {
    inside.push_back({span, inside.empty() ? "here, in '" + scope->name + "'" : "in '" + scope->name + "'"});
    span = scope->call;
    scope = scope->caller;
  }
  diagnostic.span = span;
  if (inside.empty())
    diagnostic.labels = std::move(labels);
  else
    for (Label &label : labels)
      inside.push_back(std::move(label));
  diagnostic.notes = std::move(inside);
  unsigned shown = 0;
  for (; scope && scope->caller && scope->call.file != noFile; scope = scope->caller)
    if (shown++ < maxNotes)
      diagnostic.notes.push_back({scope->call, "in this call of '" + scope->name + "'"});
  if (shown > maxNotes)
    diagnostic.notes.push_back({nowhere, "and " + std::to_string(shown - maxNotes) + " more calls"});
  return diagnostic;
}

void Reporter::fail(const Site &site, std::string message, std::vector<Label> labels, std::vector<Label> notes) const {
  Diagnostic diagnostic = place(Severity::Error, site, std::move(message), std::move(labels));
  diagnostic.notes.insert(diagnostic.notes.begin(), notes.begin(), notes.end());
  throw Failure{std::move(diagnostic)};
}

void Reporter::warn(const Site &site, std::string message) {
  if (quiet)
    return;
  Diagnostic diagnostic = place(Severity::Warning, site, std::move(message), {});
  if (said.insert(sources.location(diagnostic.span) + diagnostic.message).second)
    sink.report(std::move(diagnostic));
}
