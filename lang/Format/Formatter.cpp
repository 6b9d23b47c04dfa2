//===- Formatter.cpp - Words and lines of a model file --------------------===//

#include "lang/Format/Formatter.h"

namespace nacre::lang {

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// The comments before the next token become part of the line.
void Formatter::comments() {
  while (tokens.peek().kind == Word::Comment) {
    const Word &comment = tokens.take();
    layout.comment(tokens.text(comment), comment.newLine ? 0 : tokens.column(comment));
  }
}

void Formatter::word() {
  comments();
  layout.text(tokens.text(tokens.take()));
}

/// A token with a space on both sides.
void Formatter::spacedWord() {
  layout.space();
  word();
  layout.space();
}

void Formatter::lineBreak() {
  comments();
  layout.lineBreak(tokens.peek().newLine);
}

void Formatter::keptBreak() {
  comments();
  layout.keptBreak(tokens.peek().newLine);
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

/// Comments between lines. One that stands behind the last line stays there.
void Formatter::standaloneComments(unsigned indent, bool first) {
  while (tokens.peek().kind == Word::Comment || tokens.peek().kind == Word::Doc) {
    const Word &comment = tokens.take();
    if (!comment.newLine) {
      appendTrailingComment(out, tokens.text(comment), tokens.column(comment));
      continue;
    }
    if (!out.empty())
      out += comment.blankBefore && !first ? "\n\n" : "\n";
    out += std::string(indent, ' ') + std::string(tokens.text(comment));
    first = false;
  }
}

/// Everything up to the first word of a line. The first line of a body has no empty line before it.
void Formatter::beginLine(unsigned indent, bool first) {
  size_t before = out.size();
  standaloneComments(indent, first);
  bool afterComment = out.size() != before;
  if (!out.empty())
    out += tokens.peek().blankBefore && (!first || afterComment) ? "\n\n" : "\n";
  out += std::string(indent, ' ');
}

} // namespace nacre::lang
