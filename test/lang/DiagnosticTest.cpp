//===- DiagnosticTest.cpp - How messages look -----------------------------===//

#include "lang/Diagnostic.h"

#include <gtest/gtest.h>

using namespace nacre::lang;

namespace {
struct DiagnosticTest : testing::Test {
  /// The nth occurrence of a text in `net.nacre`.
  Span find(const std::string &text, int nth = 0) {
    size_t at = sources.text(file).find(text);
    while (nth-- > 0)
      at = sources.text(file).find(text, at + 1);
    return {file, static_cast<uint32_t>(at), static_cast<uint32_t>(at + text.size())};
  }

  SourceManager sources;
  uint32_t file = sources.add("net.nacre", "a = Conv(4)\nb = Conv(4, stride = 2)\n\n\treturn p + q\r\nlast");
};
} // namespace

TEST_F(DiagnosticTest, LabelsHangUnderTheirMarks) {
  EXPECT_EQ(Diagnostic::error(find("+"), "these cannot be added")
                .label(find("p"), "is large")
                .label(find("q"), "is small")
                .render(sources),
            "net.nacre:4:11: error: these cannot be added\n"
            "  4 |  return p + q\n"
            "    |         - ^ -\n"
            "    |         |   is small\n"
            "    |         is large\n");
}

TEST_F(DiagnosticTest, LabelOnTheMarkItself) {
  EXPECT_EQ(Diagnostic::warning(find("stride"), "hm").label(find("stride"), "this one").render(sources),
            "net.nacre:2:13: warning: hm\n"
            "  2 | b = Conv(4, stride = 2)\n"
            "    |             ^^^^^^\n"
            "    |             this one\n");
}

TEST_F(DiagnosticTest, DistantLinesAreSeparated) {
  EXPECT_EQ(Diagnostic::error(find("q"), "no").label(find("a"), "first").render(sources),
            "net.nacre:4:13: error: no\n"
            "  1 | a = Conv(4)\n"
            "    | -\n"
            "    | first\n"
            "    ...\n"
            "  4 |  return p + q\n"
            "    |             ^\n");
}

TEST_F(DiagnosticTest, NotesFollowWithTheirOwnPlace) {
  EXPECT_EQ(Diagnostic::error(find("q"), "no")
                .note(find("Conv"), "called here")
                .note(nowhere, "by hand")
                .render(sources),
            "net.nacre:4:13: error: no\n"
            "  4 |  return p + q\n"
            "    |             ^\n"
            "net.nacre:1:5: note: called here\n"
            "  1 | a = Conv(4)\n"
            "    |     ^^^^\n"
            "note: by hand\n");
}

TEST_F(DiagnosticTest, WithoutAPlace) {
  EXPECT_EQ(Diagnostic::error(nowhere, "no such file").render(sources), "error: no such file\n");
}

TEST_F(DiagnosticTest, OfSeveralLinesTheFirstIsMarked) {
  Span span = find("b = ");
  span.end = find("return").end;
  EXPECT_EQ(Diagnostic::error(span, "long").render(sources), "net.nacre:2:1: error: long\n"
                                                             "  2 | b = Conv(4, stride = 2)\n"
                                                             "    | ^^^^^^^^^^^^^^^^^^^^^^^\n");
}

TEST_F(DiagnosticTest, ColumnsCountCharacters) {
  file = sources.add("u.nacre", "\"äö\" x");
  EXPECT_EQ(Diagnostic::error(find("x"), "no").render(sources), "u.nacre:1:6: error: no\n"
                                                                "  1 | \"äö\" x\n"
                                                                "    |      ^\n");
}

TEST_F(DiagnosticTest, TheEndOfTheTextIsAPlace) {
  uint32_t end = sources.text(file).size();
  EXPECT_EQ(sources.location({file, end, end}), "net.nacre:5:5");
}

TEST(Nearest, FindsSlips) {
  std::vector<std::string> names = {"gelu", "relu", "BatchNorm", "kernel"};
  EXPECT_EQ(nearest("gleu", names), "gelu");
  EXPECT_EQ(nearest("batchnorm", names), "BatchNorm");
  EXPECT_EQ(nearest("kernal", names), "kernel");
  EXPECT_EQ(nearest("softmax", names), "");
  EXPECT_EQ(nearest("x", {"y"}), "");
  EXPECT_EQ(didYouMean("kernl", names), "; did you mean \"kernel\"?");
}
