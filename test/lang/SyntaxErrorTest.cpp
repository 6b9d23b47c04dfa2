//===- SyntaxErrorTest.cpp - Messages about texts that do not parse -------===//

#include "test/lang/Parse.h"

using namespace nacre::lang;

/// The first line of the only message about a text.
static std::string errorOf(const std::string &text) {
  ParsedText parsed(text);
  EXPECT_FALSE(parsed.file);
  EXPECT_EQ(parsed.sink.errorCount(), 1u);
  std::string messages = parsed.messages();
  return messages.substr(0, messages.find('\n'));
}

struct Mistake {
  const char *text, *message;
};

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreExplained) { EXPECT_EQ(errorOf(GetParam().text), GetParam().message); }

INSTANTIATE_TEST_SUITE_P(
    Numbers, Mistakes,
    testing::Values(Mistake{"x = 1. + y", R"(net.nacre:1:6: error: a float needs digits after its point: "1.0")"},
                    Mistake{"x = .5", R"(net.nacre:1:5: error: a float needs digits before its point: "0.5")"},
                    Mistake{"x = 9223372036854775808", "net.nacre:1:5: error: this int does not fit into 64 bits"},
                    Mistake{"x = 1e999", "net.nacre:1:5: error: this float is outside the range of 64-bit floats"},
                    Mistake{"x = 3x", "net.nacre:1:5: error: \"3x\" is neither a number nor a name, which begins with "
                                      "a letter"}));

INSTANTIATE_TEST_SUITE_P(
    Habits, Mistakes,
    testing::Values(
        Mistake{"let x = 3", R"(net.nacre:1:5: error: there is no "let": an equation is "x = ...")"},
        Mistake{"def f(x) = x",
                R"(net.nacre:1:5: error: there is no "def": a function begins with "fn", one with parameters of )"
                R"(its own with "block")"},
        Mistake{"class Net(x) = x",
                R"(net.nacre:1:7: error: there is no "class": layers and nets are declared with "block")"},
        Mistake{"x = a && b", R"(net.nacre:1:7: error: "&&" is no operator here: write "and")"},
        Mistake{"x = a ** 2", R"(net.nacre:1:7: error: "**" is no operator here: a power is written "^")"},
        Mistake{"x = 3;", R"(net.nacre:1:6: error: ";" is no operator here: a statement needs no end mark)"},
        Mistake{"# note", R"(net.nacre:1:1: error: "#" is no operator here: a comment begins with "//")"},
        Mistake{"x = a.b", R"@(net.nacre:1:6: error: there are no fields or methods: a call is "f(x)" or "x |> f")@"},
        Mistake{"x = f(a,)", "net.nacre:1:9: error: a list has no comma after its last element"}));

INSTANTIATE_TEST_SUITE_P(
    Operators, Mistakes,
    testing::Values(
        Mistake{"x = if a = b then 1 else 2",
                R"(net.nacre:1:10: error: "=" cannot stand here: a comparison is written "==")"},
        Mistake{"x = a < b < c", R"(net.nacre:1:11: error: comparisons do not chain: write "a < b and b < c")"},
        Mistake{"x = 1..2..3", "net.nacre:1:9: error: a range has two ends only"},
        Mistake{"x = 1 + if a then b else c",
                R"(net.nacre:1:9: error: "if" binds looser than the operator before it: put it in brackets)"},
        Mistake{"x = if a then b\ny = 2",
                R"(net.nacre:2:1: error: this "if" has no "else": it is an expression and needs both values)"}));

INSTANTIATE_TEST_SUITE_P(
    Places, Mistakes,
    testing::Values(
        Mistake{"param w: [3] = 0",
                R"(net.nacre:1:1: error: "param" can only stand in the body of a block, a function or a rule)"},
        Mistake{"fn f(x) { config n = 3 }",
                R"(net.nacre:1:11: error: "config" can only stand at the top of a file, not in a body)"},
        Mistake{"config in = 3", R"(net.nacre:1:8: error: "in" is a keyword and cannot be a name)"},
        Mistake{"fn f(x) { /// doc\n return x }",
                R"(net.nacre:1:11: error: a doc comment stands before a declaration; other comments begin with "//")"},
        Mistake{"x = 1\n/// doc", "net.nacre:2:8: error: expected a declaration, found the end of the text"},
        Mistake{"experiment e { lr: 3 }", R"(net.nacre:1:18: error: expected a string, "=" or "(", found ":")"},
        Mistake{"import 3", R"(net.nacre:1:8: error: expected a name, found "3")"}));

INSTANTIATE_TEST_SUITE_P(
    Characters, Mistakes,
    testing::Values(
        Mistake{"x = 3 × 4",
                R"(net.nacre:1:7: error: "×" may stand in comments and strings only: a product is written "*")"},
        Mistake{"x = \"é\" é", R"(net.nacre:1:9: error: "é" may stand in comments and strings only)"},
        Mistake{"x = \x01", "net.nacre:1:5: error: a control character (byte 1) has no place here"},
        Mistake{"x = \"\xff\"", "net.nacre:1:6: error: this byte is not UTF-8: save the file in that encoding"},
        Mistake{"x = \"abc\ny = 2", "net.nacre:1:5: error: this string has no closing quote on its line"},
        Mistake{"x = \"a{1 +\ny = 2", "net.nacre:1:5: error: this string has no closing quote on its line"},
        Mistake{R"(x = "\q")", R"(net.nacre:1:6: error: unknown escape: a string knows \", \\, \{ and \n)"}));

TEST(SyntaxError, OpenBracketIsShown) {
  ParsedText parsed("fn f(x) {\n  y = (x + 2\n  z = 3\n}\n");
  EXPECT_EQ(parsed.messages(), "net.nacre:3:3: error: expected \")\", found \"z\"\n"
                               "  2 |   y = (x + 2\n"
                               "    |       -\n"
                               "    |       this \"(\" is still open\n"
                               "  3 |   z = 3\n"
                               "    |   ^\n");
}

TEST(SyntaxError, WrongBracketShowsItsPartner) {
  ParsedText parsed("x = (1 + 2]\n");
  EXPECT_EQ(parsed.messages(), "net.nacre:1:11: error: expected \")\", found \"]\"\n"
                               "  1 | x = (1 + 2]\n"
                               "    |     -     ^\n"
                               "    |     this \"(\" is still open\n");
}

TEST(SyntaxError, BracketOpenAtTheEnd) {
  EXPECT_EQ(errorOf("block F(x) {\n  y = x\n"), "net.nacre:1:12: error: this \"{\" is never closed");
  EXPECT_EQ(errorOf("x = )"), "net.nacre:1:5: error: this \")\" closes nothing");
}

TEST(SyntaxError, DeepBracketsAreRefused) {
  EXPECT_EQ(errorOf("x = " + std::string(100'000, '(')),
            "net.nacre:1:405: error: brackets are nested more than 400 deep");
}

TEST(SyntaxError, DeepOperatorsAreRefused) {
  for (const char *link : {"- ", "not ", "if a then b else ", "a^"}) {
    std::string text = "x = ";
    for (int i = 0; i < 20'000; ++i)
      text += link;
    EXPECT_NE(errorOf(text + "a").find("nested more than 1000 deep"), std::string::npos) << link;
  }
}

TEST(SyntaxError, LongChainsAreRefusedToo) {
  std::string text = "x = a";
  for (int i = 0; i < 20'000; ++i)
    text += " + a";
  EXPECT_NE(errorOf(text).find("nested more than 1000 deep"), std::string::npos);
}
