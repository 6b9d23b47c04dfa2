//===- TokenStream.h - The words of a file, for the formatter ---*- C++ -*-===//
//
// The formatter walks the tree and takes its words from here, so that comments
// turn up exactly where the author put them and no spelling changes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Source.h"

#include <string_view>
#include <vector>

namespace nacre::lang {

/// A token, or a comment of either kind.
struct Word {
  Span span;
  enum Kind : uint8_t { Token, Comment, Doc, End } kind = Token;
  bool newLine = false;     ///< It is the first on its line.
  bool blankBefore = false; ///< An empty line stands before it.
};

/// A string with all it contains is one word.
class TokenStream {
public:
  TokenStream(const SourceManager &sources, uint32_t file);

  const Word &peek() const { return words[at]; }
  const Word &take() { return words[peek().kind == Word::End ? at : at++]; }
  std::string_view text(const Word &word) const { return sources.text(word.span); }
  /// The column of a word, from 0.
  unsigned column(const Word &word) const { return sources.position(word.span.file, word.span.begin).column - 1; }

private:
  const SourceManager &sources;
  std::vector<Word> words;
  size_t at = 0;
};

} // namespace nacre::lang
