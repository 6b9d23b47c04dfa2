//===- Lexer.cpp - Numbers, brackets and bad characters -------------------===//

#include "lang/Lexer.h"

#include "lang/Parser.h"

#include <charconv>
#include <map>

namespace nacre::lang {

void Lexer::advance(size_t length) {
  current.begin = current.end;
  current.end += length;
}

void Lexer::fail(std::string message) const { throw SyntaxError{Diagnostic::error(current, std::move(message))}; }

Grammar::symbol_type Lexer::next() {
  if (!started) {
    started = true;
    return {start, current};
  }
  Symbol symbol = scan();
  history[2] = history[1];
  history[1] = history[0];
  history[0] = symbol.location;
  return symbol;
}

//===----------------------------------------------------------------------===//
// Comments
//===----------------------------------------------------------------------===//

static std::string_view withoutLineEnd(std::string_view text) {
  size_t last = text.find_last_not_of(" \t\r\f");
  return text.substr(0, last + 1);
}

void Lexer::comment(std::string_view text) {
  std::string_view before = std::string_view(sources.text(file)).substr(0, current.begin);
  size_t code = before.find_last_not_of(" \t\r\f");
  bool ownLine = code == std::string_view::npos || before[code] == '\n';
  text = withoutLineEnd(text);
  Span span{file, current.begin, static_cast<uint32_t>(current.begin + text.size())};
  comments.push_back({span, std::string(text), ownLine});
}

Grammar::symbol_type Lexer::doc(std::string_view text) const {
  text = withoutLineEnd(text);
  Span span{file, current.begin, static_cast<uint32_t>(current.begin + text.size())};
  text.remove_prefix(3);
  if (text.starts_with(' '))
    text.remove_prefix(1);
  return Grammar::make_DOC(std::string(text), span);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

static std::string withoutUnderscores(std::string_view digits) {
  std::string plain(digits);
  std::erase(plain, '_');
  return plain;
}

Grammar::symbol_type Lexer::integer(std::string_view digits) const {
  std::string plain = withoutUnderscores(digits);
  int64_t value = 0;
  if (std::from_chars(plain.data(), plain.data() + plain.size(), value).ec != std::errc())
    fail("this int does not fit into 64 bits");
  return Grammar::make_INT(value, current);
}

Grammar::symbol_type Lexer::floating(std::string_view digits) const {
  std::string plain = withoutUnderscores(digits);
  double value = 0;
  if (std::from_chars(plain.data(), plain.data() + plain.size(), value).ec != std::errc())
    fail("this float is outside the range of 64-bit floats");
  return Grammar::make_FLOAT(value, current);
}

//===----------------------------------------------------------------------===//
// Brackets and strings
//===----------------------------------------------------------------------===//

static const char *opening(Lexer::OpenBracket::Kind kind) {
  static const char *const text[] = {"(", "[", "{", "{"};
  return text[kind];
}

static const char *closing(Lexer::OpenBracket::Kind kind) {
  static const char *const text[] = {")", "]", "}", "}"};
  return text[kind];
}

void Lexer::open(OpenBracket::Kind kind) {
  if (brackets.size() == maxBracketDepth)
    fail("brackets are nested more than " + std::to_string(maxBracketDepth) + " deep");
  brackets.push_back({kind, current});
}

void Lexer::close(OpenBracket::Kind kind) {
  std::string found = closing(kind);
  if (brackets.empty())
    fail("this \"" + found + "\" closes nothing");
  OpenBracket last = brackets.back();
  if (last.kind != kind)
    throw SyntaxError{Diagnostic::error(current, "expected \"" + std::string(closing(last.kind)) + "\", found \"" +
                                                     found + "\"")
                          .label(last.span, "this \"" + std::string(opening(last.kind)) + "\" is still open")};
  brackets.pop_back();
}

void Lexer::beginString() { strings.push_back(current); }

void Lexer::endString() { strings.pop_back(); }

/// A string ends on its line, and so does what stands in its braces.
void Lexer::lineEnd() const {
  if (!strings.empty())
    failUnterminated();
}

void Lexer::failUnterminated() const {
  throw SyntaxError{Diagnostic::error(strings.back(), "this string has no closing quote on its line")};
}

//===----------------------------------------------------------------------===//
// Characters that begin no token
//===----------------------------------------------------------------------===//

/// What somebody who writes this may have meant.
static std::string hintFor(std::string_view text) {
  static const std::map<std::string_view, const char *> hints = {
      {"&&", "write \"and\""},
      {"||", "write \"or\""},
      {"!", "write \"not\""},
      {"**", "a power is written \"^\""},
      {"%", "the rest of a division is written \"mod\""},
      {";", "a statement needs no end mark"},
      {"'", "a string is written in double quotes; a prime follows the name of a state at once"},
      {"<-", "the next value of a state is defined by \"m' = ...\""},
      {"=>", "a comparison is written \">=\", a result type \"->\""},
      {":=", "an equation is written \"=\""},
      {"+=", "every name has one equation, nothing is assigned twice"},
      {"-=", "every name has one equation, nothing is assigned twice"},
      {"*=", "every name has one equation, nothing is assigned twice"},
      {"/=", "not equal is written \"!=\""},
      {"#", "a comment begins with \"//\""},
      {"×", "a product is written \"*\""},
      {"·", "a product is written \"*\""},
      {"−", "a minus is written \"-\""},
      {"–", "a minus is written \"-\""},
      {"≤", "write \"<=\""},
      {"≥", "write \">=\""},
      {"≠", "write \"!=\""},
      {"“", "a string is written in plain double quotes"},
      {"”", "a string is written in plain double quotes"},
      {"…", "write \"...\""},
      {"→", "write \"->\""},
  };
  auto hint = hints.find(text);
  return hint == hints.end() ? "" : std::string(": ") + hint->second;
}

/// The length of the UTF-8 character at the beginning of `text`.
static size_t characterLength(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  return length;
}

void Lexer::failCharacter(std::string_view text) const {
  unsigned char first = text[0];
  if (first < 0x20 || first == 0x7F)
    fail("a control character (byte " + std::to_string(first) + ") has no place here");
  std::string_view shown = first < 0x80 ? text : text.substr(0, characterLength(text));
  Span at = current;
  at.end = at.begin + shown.size();
  std::string message = first < 0x80 ? "\"" + std::string(shown) + "\" is no operator here"
                                     : "\"" + std::string(shown) + "\" may stand in comments and strings only";
  throw SyntaxError{Diagnostic::error(at, message + hintFor(shown))};
}

} // namespace nacre::lang
