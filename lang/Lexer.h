//===- Lexer.h - From characters to tokens ----------------------*- C++ -*-===//
//
// What Tokens.l keeps between tokens: the place, the open brackets and strings,
// and the comments. A mistake is thrown as a `SyntaxError`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Diagnostic.h"
#include "lang/Grammar.h"
#include "lang/Source.h"

#include <string_view>
#include <vector>

namespace nacre::lang {

/// A mistake of the author's that ends the reading of a text.
struct SyntaxError {
  Diagnostic diagnostic;
};

class Lexer {
public:
  /// `start` is the token that comes before all others and tells the grammar what the text is.
  Lexer(const SourceManager &sources, uint32_t file, Grammar::token_kind_type start);
  ~Lexer();
  Lexer(const Lexer &) = delete;
  Lexer &operator=(const Lexer &) = delete;

  Grammar::symbol_type next();

  /// The comments passed so far.
  std::vector<Comment> comments;

  /// An opening bracket that still waits for its partner.
  struct OpenBracket {
    enum Kind { Round, Square, Curly, Interpolation } kind;
    Span span;
  };

  // For messages.
  const OpenBracket *innermostBracket() const { return brackets.empty() ? nullptr : &brackets.back(); }
  /// The token before the latest, and the one before that.
  Span previousToken() const { return history[1]; }
  Span tokenBeforePrevious() const { return history[2]; }
  std::string_view text(Span span) const { return sources.text(span); }
  std::string_view wholeText() const { return sources.text(file); }

  // For the rules of Tokens.l.
  using Symbol = Grammar::symbol_type;
  void advance(size_t length);
  Span span() const { return current; }
  [[noreturn]] void fail(std::string message) const;
  void comment(std::string_view text);
  Symbol doc(std::string_view text) const;
  Symbol integer(std::string_view digits) const;
  Symbol floating(std::string_view digits) const;
  void open(OpenBracket::Kind kind);
  void close(OpenBracket::Kind kind);
  bool inInterpolation() const { return !brackets.empty() && brackets.back().kind == OpenBracket::Interpolation; }
  void beginString();
  void endString();
  void lineEnd() const;
  [[noreturn]] void failUnterminated() const;
  [[noreturn]] void failCharacter(std::string_view text) const;

private:
  Symbol scan();

  const SourceManager &sources;
  uint32_t file;
  Grammar::token_kind_type start;
  bool started = false;
  Span current;
  Span history[3];
  std::vector<OpenBracket> brackets;
  std::vector<Span> strings; ///< The opening quotes of the strings we are in.
  void *scanner = nullptr;
};

} // namespace nacre::lang
