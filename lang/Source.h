//===- Source.h - The texts a program is made of ----------------*- C++ -*-===//
//
// Owns the text of every file that was read and turns byte offsets into lines
// and columns. Values given on the command line are files too, with a made-up
// path, so that a message can point into them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Ast.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nacre::lang {

/// The `file` of a `Span` that lies in no file.
inline constexpr uint32_t noFile = ~0u;

/// A place that is nowhere: the message stands without a line of source.
inline constexpr Span nowhere{noFile, 0, 0};

/// Both count from 1; the column counts characters, not bytes.
struct LineColumn {
  uint32_t line = 1, column = 1;
};

class SourceManager {
public:
  /// Adds a text under a path that messages show; returns its index.
  uint32_t add(std::string path, std::string text);

  /// Reads a file from disk. None if it cannot be read.
  std::optional<uint32_t> load(const std::string &path);

  const std::string &path(uint32_t file) const { return files.at(file).path; }
  const std::string &text(uint32_t file) const { return files.at(file).text; }
  /// The text of a span.
  std::string_view text(Span span) const;

  uint32_t line(Span span) const { return position(span.file, span.begin).line; }
  LineColumn position(uint32_t file, uint32_t offset) const;
  /// The line with this number, without its end.
  std::string_view lineText(uint32_t file, uint32_t line) const;
  /// Where a line begins, in bytes.
  uint32_t lineBegin(uint32_t file, uint32_t line) const;
  /// `file:line:col` of the beginning of a span.
  std::string location(Span span) const;

private:
  struct Text {
    std::string path, text;
    std::vector<uint32_t> lineStarts;
  };
  std::deque<Text> files; ///< A deque: texts never move, so views into them last.
};

} // namespace nacre::lang
