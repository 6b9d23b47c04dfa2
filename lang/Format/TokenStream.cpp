//===- TokenStream.cpp - The words of a file, for the formatter -----------===//

#include "lang/Format/TokenStream.h"

#include "lang/Lexer.h"

#include <algorithm>

namespace nacre::lang {

static std::vector<Word> readTokens(Lexer &lexer) {
  using Sym = Grammar::symbol_kind;
  std::vector<Word> words;
  unsigned openStrings = 0;
  lexer.next(); // What the text is.
  while (true) {
    Grammar::symbol_type symbol = lexer.next();
    if (symbol.kind() == Sym::S_QUOTE && openStrings++ == 0)
      words.push_back({symbol.location, Word::Token});
    else if (openStrings)
      words.back().span.end = symbol.location.end;
    else
      words.push_back({symbol.location, symbol.kind() == Sym::S_YYEOF ? Word::End
                                        : symbol.kind() == Sym::S_DOC ? Word::Doc
                                                                      : Word::Token});
    if (symbol.kind() == Sym::S_QUOTE_END)
      --openStrings;
    if (symbol.kind() == Sym::S_YYEOF)
      return words;
  }
}

TokenStream::TokenStream(const SourceManager &sources, uint32_t file) : sources(sources) {
  Lexer lexer(sources, file, Grammar::token::START_FILE);
  words = readTokens(lexer);
  for (const Comment &comment : lexer.comments)
    words.push_back({comment.span, Word::Comment});
  std::sort(words.begin(), words.end(), [](const Word &a, const Word &b) {
    return std::pair(a.span.begin, a.kind == Word::End) < std::pair(b.span.begin, b.kind == Word::End);
  });

  uint32_t end = 0;
  for (Word &word : words) {
    std::string_view between = sources.text(Span{file, end, word.span.begin});
    auto newlines = std::count(between.begin(), between.end(), '\n');
    word.newLine = newlines > 0 || end == 0;
    word.blankBefore = newlines > 1;
    end = word.span.end;
  }
}

} // namespace nacre::lang
