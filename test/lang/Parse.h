//===- Parse.h - Model texts in tests ---------------------------*- C++ -*-===//
#pragma once

#include "lang/Dump.h"
#include "lang/Format/Format.h"
#include "lang/Parser.h"

#include <gtest/gtest.h>
#include <string>

namespace nacre::lang {

/// A text, parsed, with everything that was said about it.
struct ParsedText {
  explicit ParsedText(const std::string &text, const std::string &path = "net.nacre")
      : id(sources.add(path, text)), file(parseFile(sources, id, sink)) {}

  std::string messages() const { return sink.render(sources); }
  std::string tree() const { return dump(*file); }
  std::string formatted() const { return formatFile(*file, sources); }

  SourceManager sources;
  DiagnosticSink sink;
  uint32_t id;
  std::unique_ptr<File> file;
};

/// The tree of one expression, as text.
inline std::string treeOf(const std::string &expression) {
  ParsedText parsed("x = " + expression);
  EXPECT_TRUE(parsed.file) << parsed.messages();
  if (!parsed.file)
    return {};
  std::string tree = parsed.tree(), out;
  // Without the line of the constant and one level of indentation.
  for (size_t at = tree.find('\n') + 1; at < tree.size();) {
    size_t end = tree.find('\n', at);
    out += tree.substr(at + 2, end - at - 1);
    at = end + 1;
  }
  return out;
}

} // namespace nacre::lang
