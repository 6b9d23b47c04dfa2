//===- LineLayout.h - Where a long line breaks ------------------*- C++ -*-===//
//
// A statement as words, spaces and places where it may break, in nested groups.
// Groups break from the outside in, and no earlier than they must; a break the
// author made at such a place stays. What comes out is a fixed point.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nacre::lang {

class LineLayout {
public:
  /// Lines are at most this long, if they can be.
  static constexpr unsigned maxWidth = 120;

  void text(std::string_view text);
  void space();
  /// Lines that break in a group go on at the column where it began, plus `offset`.
  void open(int offset = 0);
  /// ... or at a column of its own.
  void openAt(unsigned column);
  void close();
  /// A space, or the end of a line. `kept`: the author broke the line here.
  void lineBreak(bool kept);
  /// A space that ends the line only if the author did so.
  void keptBreak(bool kept);
  /// A comment; the line ends after it. `column` is where it stood in the source, 0 for a line of its own.
  void comment(std::string_view text, unsigned column);

  /// Everything since the last call, from a column on. No newline at the end.
  std::string render(unsigned column);

private:
  enum class Kind : uint8_t { Text, Space, Open, Close, Break, Comment };
  struct Item {
    Kind kind;
    std::string text;
    int value = 0;         ///< Open: the offset or column. Comment: the column.
    bool absolute = false; ///< Open.
    bool kept = false;     ///< Break.
    bool optional = true;  ///< Break: may end a line that is too long.
  };
  class Renderer;

  std::vector<Item> items;
};

/// Characters, not bytes.
unsigned displayWidth(std::string_view text);

/// Appends a comment to the line that `out` ends with, at its column if that is still free.
void appendTrailingComment(std::string &out, std::string_view comment, unsigned column);

} // namespace nacre::lang
