//===- SyntaxErrors.cpp - What an unexpected token means ------------------===//

#include "lang/SyntaxErrors.h"

#include <algorithm>
#include <set>
#include <string>

namespace nacre::lang {
namespace {

using Kind = Grammar::symbol_kind_type;
using Sym = Grammar::symbol_kind;

/// One syntax error and what is known about it.
struct Problem {
  const Lexer &lexer;
  Kind found;
  Span at;
  std::set<Kind> expected;

  std::string_view foundText() const { return lexer.text(at); }
  std::string_view previousText() const { return lexer.text(lexer.previousToken()); }
  bool expects(Kind kind) const { return expected.count(kind) != 0; }
  bool expectsExpression() const { return expects(Sym::S_INT) && expects(Sym::S_LPAREN); }
  bool expectsStatement() const { return expects(Sym::S_PARAM); }
  bool expectsDeclaration() const { return expects(Sym::S_FN); }
  /// An expression has just ended and could go on.
  bool afterExpression() const { return expects(Sym::S_PLUS) || expects(Sym::S_PIPE); }
};

} // namespace

static bool isKeyword(Kind kind) { return kind >= Sym::S_IMPORT && kind <= Sym::S_NONE; }

static bool startsDeclaration(Kind kind) { return kind >= Sym::S_IMPORT && kind <= Sym::S_SWEEP; }

static bool startsStatement(Kind kind) {
  return kind == Sym::S_PARAM || kind == Sym::S_STATE || (kind >= Sym::S_REQUIRE && kind <= Sym::S_RETURN);
}

static std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

//===----------------------------------------------------------------------===//
// The plain message
//===----------------------------------------------------------------------===//

static std::string describeFound(const Problem &problem) {
  switch (problem.found) {
  case Sym::S_YYEOF:
    return "the end of the text";
  case Sym::S_DOC:
    return "a doc comment";
  case Sym::S_QUOTE:
    return "a string";
  default:
    return (isKeyword(problem.found) ? "the keyword " : "") + quoted(problem.foundText());
  }
}

static std::string describe(Kind kind) {
  std::string name = Grammar::symbol_name(kind);
  bool words = name.find(' ') != std::string::npos || name.front() == '"';
  return words ? name : quoted(name);
}

/// Groups of tokens under one name, then the others one by one. Operators that could go on with an expression are
/// not worth mentioning.
static std::vector<std::string> describeExpected(const Problem &problem) {
  std::set<Kind> rest = problem.expected;
  std::vector<std::string> parts;
  auto group = [&](bool present, const char *name, auto belongs) {
    if (!present)
      return;
    parts.push_back(name);
    std::erase_if(rest, belongs);
  };
  auto isOperator = [](Kind kind) {
    return (kind >= Sym::S_AND && kind <= Sym::S_MOD) || kind == Sym::S_PIPE ||
           (kind >= Sym::S_DOTS && kind <= Sym::S_GT) || (kind >= Sym::S_PLUS && kind <= Sym::S_CARET);
  };
  auto startsExpression = [](Kind kind) {
    return (kind >= Sym::S_NAME && kind <= Sym::S_QUOTE && kind != Sym::S_DOC && kind != Sym::S_TEXT) ||
           kind == Sym::S_IF || kind == Sym::S_NOT || (kind >= Sym::S_TRUE && kind <= Sym::S_NONE) ||
           kind == Sym::S_LPAREN || kind == Sym::S_LBRACKET || kind == Sym::S_MINUS;
  };
  group(problem.expectsDeclaration(), "a declaration",
        [](Kind kind) { return startsDeclaration(kind) || kind == Sym::S_NAME || kind == Sym::S_DOC; });
  group(problem.expectsStatement(), "a statement",
        [](Kind kind) { return startsStatement(kind) || kind == Sym::S_NAME || kind == Sym::S_PRIMED; });
  group(problem.expectsExpression(), "an expression", startsExpression);
  if (problem.afterExpression()) {
    std::erase_if(rest, isOperator);
    for (Kind kind : {Sym::S_COLON, Sym::S_LPAREN, Sym::S_LBRACKET})
      rest.erase(kind);
  }
  for (Kind kind : rest)
    parts.push_back(describe(kind));
  return parts;
}

static std::string plainMessage(const Problem &problem) {
  std::vector<std::string> parts = describeExpected(problem);
  std::string found = describeFound(problem);
  if (parts.empty() || parts.size() > 4)
    return found + " cannot stand here";
  std::string expected = parts[0];
  for (size_t i = 1; i < parts.size(); ++i)
    expected += (i + 1 == parts.size() ? " or " : ", ") + parts[i];
  return "expected " + expected + ", found " + found;
}

//===----------------------------------------------------------------------===//
// Typical mistakes
//===----------------------------------------------------------------------===//

/// Habits from other languages: a word before a name.
static std::string foreignWord(const Problem &problem) {
  if (problem.found != Sym::S_NAME)
    return {};
  std::string_view word = problem.previousText();
  for (const char *definer : {"let", "var", "val", "const", "auto"})
    if (word == definer)
      return "there is no " + quoted(word) + ": an equation is " + quoted(std::string(problem.foundText()) + " = ...");
  for (const char *function : {"def", "func", "function", "fun"})
    if (word == function)
      return "there is no " + quoted(word) + ": a function begins with \"fn\", one with parameters of its own with "
                                             "\"block\"";
  for (const char *net : {"class", "struct", "network", "model", "module", "layer"})
    if (word == net)
      return "there is no " + quoted(word) + ": layers and nets are declared with \"block\"";
  return {};
}

static std::string strayPoint(const Problem &problem) {
  if (problem.found != Sym::S_DOT)
    return {};
  Span previous = problem.lexer.previousToken();
  std::string_view before = problem.previousText(), after = problem.lexer.wholeText().substr(problem.at.end);
  if (previous.end == problem.at.begin && !before.empty() && isdigit(static_cast<unsigned char>(before[0])))
    return "a float needs digits after its point: " + quoted(std::string(before) + ".0");
  if (!after.empty() && isdigit(static_cast<unsigned char>(after[0])))
    return "a float needs digits before its point: \"0." + std::string(1, after[0]) + "\"";
  return "there are no fields or methods: a call is \"f(x)\" or \"x |> f\"";
}

static std::string operatorMistake(const Problem &problem) {
  bool mayMissBracket = problem.expects(Sym::S_RBRACKET);
  if (problem.found == Sym::S_ASSIGN && problem.afterExpression() && !mayMissBracket)
    return "\"=\" cannot stand here: a comparison is written \"==\"";
  if (problem.found >= Sym::S_EQ && problem.found <= Sym::S_GT && problem.afterExpression())
    return "comparisons do not chain: write \"a < b and b < c\"";
  if (problem.found == Sym::S_DOTS && problem.afterExpression())
    return "a range has two ends only";
  if (problem.found == Sym::S_PLUS && problem.expectsExpression())
    return "there is no unary \"+\"";
  if ((problem.found == Sym::S_IF || problem.found == Sym::S_NOT) && problem.expects(Sym::S_LPAREN))
    return quoted(problem.foundText()) + " binds looser than the operator before it: put it in brackets";
  bool closes = problem.found == Sym::S_RPAREN || problem.found == Sym::S_RBRACKET;
  if (closes && problem.previousText() == ",")
    return "a list has no comma after its last element";
  return {};
}

static std::string misplaced(const Problem &problem) {
  if (problem.found == Sym::S_DOC)
    return "a doc comment stands before a declaration; other comments begin with \"//\"";
  if (startsStatement(problem.found) && problem.expectsDeclaration())
    return quoted(problem.foundText()) + " can only stand in the body of a block, a function or a rule";
  if (startsDeclaration(problem.found) && problem.expectsStatement())
    return quoted(problem.foundText()) + " can only stand at the top of a file, not in a body";
  if (problem.expects(Sym::S_ELSE) && !problem.expectsStatement() && problem.afterExpression())
    return "this \"if\" has no \"else\": it is an expression and needs both values";
  if (isKeyword(problem.found) && problem.expects(Sym::S_NAME) && !problem.expectsExpression() &&
      !problem.expectsStatement() && !problem.expectsDeclaration())
    return quoted(problem.foundText()) + " is a keyword and cannot be a name";
  return {};
}

/// A bracket that should have been closed before this token.
static bool blamesBracket(const Problem &problem, const Lexer::OpenBracket &open) {
  switch (open.kind) {
  case Lexer::OpenBracket::Round:
    return problem.expects(Sym::S_RPAREN);
  case Lexer::OpenBracket::Square:
    return problem.expects(Sym::S_RBRACKET);
  case Lexer::OpenBracket::Interpolation:
    return problem.expects(Sym::S_INTERPOLATION_END);
  case Lexer::OpenBracket::Curly:
    return false; // Only the end of the text tells.
  }
  return false;
}

SyntaxError explainSyntaxError(const Lexer &lexer, Kind found, Span at, const std::vector<Kind> &expected) {
  Problem problem{lexer, found, at, {expected.begin(), expected.end()}};
  const Lexer::OpenBracket *open = lexer.innermostBracket();
  if (found == Sym::S_YYEOF && open)
    return {Diagnostic::error(open->span, "this " + quoted(lexer.text(open->span)) + " is never closed")};
  for (auto explain : {foreignWord, strayPoint, misplaced, operatorMistake})
    if (std::string message = explain(problem); !message.empty())
      return {Diagnostic::error(at, message)};
  Diagnostic diagnostic = Diagnostic::error(at, plainMessage(problem));
  if (open && blamesBracket(problem, *open))
    diagnostic.labels.push_back({open->span, "this " + quoted(lexer.text(open->span)) + " is still open"});
  return {std::move(diagnostic)};
}

} // namespace nacre::lang
