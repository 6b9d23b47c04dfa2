//===- LexerTest.cpp - Characters to tokens -------------------------------===//

#include "test/lang/Parse.h"

using namespace nacre::lang;

TEST(Lexer, IntBeforeARangeIsNoFloat) { EXPECT_EQ(treeOf("1..3"), "range\n  1\n  3\n"); }

TEST(Lexer, UnderscoresGroupDigits) {
  EXPECT_EQ(treeOf("180_000"), "180000\n");
  EXPECT_EQ(treeOf("1_000.5"), "float 1000.5\n");
}

TEST(Lexer, ExponentMakesAFloat) {
  EXPECT_EQ(treeOf("3e-4"), "float 3e-04\n");
  EXPECT_EQ(treeOf("2E3"), "float 2000\n");
}

TEST(Lexer, LargestInt) { EXPECT_EQ(treeOf("9223372036854775807"), "9223372036854775807\n"); }

TEST(Lexer, PrimeBelongsToTheNameBeforeIt) { EXPECT_EQ(treeOf("m' + m"), "+\n  m'\n  m\n"); }

TEST(Lexer, EscapesBecomeTheirCharacters) {
  EXPECT_EQ(treeOf(R"("a\"b\\c\{d}\n")"), "string\n  \"a\\\"b\\\\c{d}\\n\"\n");
}

TEST(Lexer, BracesInAStringHoldExpressions) {
  EXPECT_EQ(treeOf(R"("layer{(k - 1) div n}.{b}")"),
            "string\n  \"layer\"\n  div\n    paren\n      -\n        k\n        1\n    n\n  \".\"\n  b\n");
}

TEST(Lexer, StringsNestInBraces) {
  EXPECT_EQ(treeOf(R"("a{f("b{c}")}")"), "string\n  \"a\"\n  call\n    f\n    string\n      \"b\"\n      c\n");
}

TEST(Lexer, StringsHoldAnyUnicode) { EXPECT_EQ(treeOf("\"größe → 3\""), "string\n  \"größe → 3\"\n"); }

TEST(Lexer, InterpolationsHaveTheirOwnPlace) {
  ParsedText parsed("x = \"ab{cd}\"\n");
  const Expr &inner = *parsed.file->declarations[0].value->parts[1].value;
  EXPECT_EQ(parsed.sources.text(inner.span), "cd");
  EXPECT_EQ(parsed.sources.location(inner.span), "net.nacre:1:9");
}

TEST(Lexer, CarriageReturnsAndTabsAreSpace) {
  ParsedText parsed("x = 1\r\n\ty = 2 // two\r\n");
  ASSERT_TRUE(parsed.file) << parsed.messages();
  EXPECT_EQ(parsed.file->declarations.size(), 2u);
  EXPECT_EQ(parsed.file->comments[0].text, "// two");
}

TEST(Lexer, CommentsKnowWhetherTheyStandAlone) {
  ParsedText parsed("// a\nx = 1 // b\n//// c\n");
  ASSERT_EQ(parsed.file->comments.size(), 3u);
  EXPECT_TRUE(parsed.file->comments[0].ownLine);
  EXPECT_FALSE(parsed.file->comments[1].ownLine);
  EXPECT_EQ(parsed.file->comments[2].text, "//// c");
}

TEST(Lexer, DocCommentsBelongToTheNextDeclaration) {
  ParsedText parsed("/// One.\n///  Two.\n\n///\nx = 1\ny = 2\n");
  EXPECT_EQ(parsed.file->declarations[0].doc, (std::vector<std::string>{"One.", " Two.", ""}));
  EXPECT_TRUE(parsed.file->declarations[1].doc.empty());
}
