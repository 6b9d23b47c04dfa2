//===- Diagnostic.h - Messages to the author of a model ---------*- C++ -*-===//
//
// An error or a warning, with the places that prove it. Rendered as
// `file:line:col: error: text`, the source with carets and labels, then notes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Source.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nacre::lang {

enum class Severity { Error, Warning };

/// A place and what to say about it.
struct Label {
  Span span;
  std::string text;
};

/// One message. Built in place: `Diagnostic::error(at, "...").label(a, "...").note(b, "...")`.
struct Diagnostic {
  Severity severity = Severity::Error;
  Span span = nowhere; ///< Marked with `^`.
  std::string message;
  std::vector<Label> labels; ///< Marked with `-`, or `^` where it is `span` itself, and their texts below.
  std::vector<Label> notes;  ///< Messages of their own, after this one.

  static Diagnostic error(Span span, std::string message) {
    return {Severity::Error, span, std::move(message), {}, {}};
  }
  static Diagnostic warning(Span span, std::string message) {
    return {Severity::Warning, span, std::move(message), {}, {}};
  }

  Diagnostic &&label(Span at, std::string text) && {
    labels.push_back({at, std::move(text)});
    return std::move(*this);
  }
  Diagnostic &&note(Span at, std::string text) && {
    notes.push_back({at, std::move(text)});
    return std::move(*this);
  }

  std::string render(const SourceManager &sources) const;
};

/// Collects messages in the order they are found.
class DiagnosticSink {
public:
  void report(Diagnostic diagnostic);
  const std::vector<Diagnostic> &all() const { return diagnostics; }
  bool hasErrors() const { return errors != 0; }
  size_t errorCount() const { return errors; }
  /// Every message as text.
  std::string render(const SourceManager &sources) const;

private:
  std::vector<Diagnostic> diagnostics;
  size_t errors = 0;
};

/// The candidate that a misspelt name was probably meant to be; empty if none is close.
std::string nearest(std::string_view name, const std::vector<std::string> &candidates);

/// `; did you mean "gelu"?`, or nothing.
std::string didYouMean(std::string_view name, const std::vector<std::string> &candidates);

} // namespace nacre::lang
