//===- Parser.cpp - From text to syntax tree ------------------------------===//

#include "lang/Parser.h"

#include "lang/Lexer.h"

#include <string>

namespace nacre::lang {

/// The number of continuation bytes after a first byte of UTF-8; -1 if no character begins with it.
static int continuationCount(unsigned char first) {
  if (first < 0x80)
    return 0;
  if (first >= 0xC2 && first < 0xE0)
    return 1;
  if (first >= 0xE0 && first < 0xF0)
    return 2;
  return first >= 0xF0 && first < 0xF5 ? 3 : -1;
}

static void requireUtf8(const std::string &text, uint32_t file) {
  for (uint32_t at = 0; at < text.size();) {
    int more = continuationCount(text[at]);
    bool whole = more >= 0 && at + more < text.size();
    for (int i = 1; whole && i <= more; ++i)
      whole = (static_cast<unsigned char>(text[at + i]) & 0xC0) == 0x80;
    if (!whole)
      throw SyntaxError{
          Diagnostic::error({file, at, at + 1}, "this byte is not UTF-8: save the file in that encoding")};
    at += more + 1;
  }
}

static bool parse(const SourceManager &sources, uint32_t file, Grammar::token_kind_type start, Parsed &parsed,
                  DiagnosticSink &sink) {
  try {
    // Offsets have 32 bits.
    if (sources.text(file).size() > 100'000'000)
      throw SyntaxError{Diagnostic::error(nowhere, sources.path(file) + " is too large to be a model")};
    requireUtf8(sources.text(file), file);
    Lexer lexer(sources, file, start);
    Grammar grammar(lexer, parsed);
    grammar.parse();
    parsed.file.id = file;
    parsed.file.comments = std::move(lexer.comments);
    return true;
  } catch (SyntaxError &error) {
    sink.report(std::move(error.diagnostic));
    return false;
  }
}

std::unique_ptr<File> parseFile(const SourceManager &sources, uint32_t file, DiagnosticSink &sink) {
  Parsed parsed;
  if (!parse(sources, file, Grammar::token::START_FILE, parsed, sink))
    return nullptr;
  return std::make_unique<File>(std::move(parsed.file));
}

ExprPtr parseExpression(const SourceManager &sources, uint32_t file, DiagnosticSink &sink) {
  Parsed parsed;
  if (!parse(sources, file, Grammar::token::START_EXPRESSION, parsed, sink))
    return nullptr;
  return std::move(parsed.expression);
}

} // namespace nacre::lang
