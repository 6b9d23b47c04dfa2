//===- FormatTest.cpp - The layout of model files -------------------------===//

#include "test/lang/Parse.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

using namespace nacre::lang;

static std::string formatted(const std::string &text) {
  ParsedText parsed(text);
  EXPECT_TRUE(parsed.file) << parsed.messages();
  if (!parsed.file)
    return {};
  std::string once = parsed.formatted();
  ParsedText again(once);
  EXPECT_TRUE(again.file) << again.messages();
  if (!again.file)
    return {};
  EXPECT_EQ(again.tree(), parsed.tree()) << "the meaning has changed";
  EXPECT_EQ(again.formatted(), once) << "a second time changes more";
  return once;
}

TEST(Format, Spaces) {
  EXPECT_EQ(formatted("config  n=3   in 1 .. 4"), "config n = 3 in 1..4\n");
  EXPECT_EQ(formatted("x=-a ^ - 2+( b*c )"), "x = -a^-2 + (b * c)\n");
  EXPECT_EQ(formatted("x=f ( a,k=3 over N,... S )"), "x = f(a, k = 3 over N, ...S)\n");
  EXPECT_EQ(formatted("x=a [ 1 .. over T ]"), "x = a[1.. over T]\n");
  EXPECT_EQ(formatted("x=a|>l : f( )"), "x = a |> l: f()\n");
  EXPECT_EQ(formatted("x=[ ...y,not z ]"), "x = [...y, not z]\n");
  EXPECT_EQ(formatted("x=\"a{ b+c }\""), "x = \"a{ b+c }\"\n");
  EXPECT_EQ(formatted("fn f(x:u8 [ N,...S ],y=2 over ... A)->[ N ]=x"),
            "fn f(x: u8[N, ...S], y = 2 over ...A) -> [N] = x\n");
}

TEST(Format, OneStatementALine) {
  EXPECT_EQ(formatted("fn f(x) { a,b=x m'=a return m' }"), "fn f(x) {\n  a, b = x\n  m' = a\n  return m'\n}\n");
  EXPECT_EQ(formatted("experiment e { lr=1 forward(x) { loss=x } update(p, g)=p }"),
            "experiment e {\n  lr = 1\n  forward(x) {\n    loss = x\n  }\n  update(p, g) = p\n}\n");
  EXPECT_EQ(formatted("dataset d { a:int[] in 0..9 train=f }"),
            "dataset d {\n  a: int[] in 0..9\n  train = f\n}\n");
}

TEST(Format, AtMostOneEmptyLine) {
  EXPECT_EQ(formatted("\n\nx = 1\n\n\n\ny = 2\nz = 3\n\n"), "x = 1\n\ny = 2\nz = 3\n");
}

TEST(Format, NoEmptyLineAtTheEndsOfABody) {
  EXPECT_EQ(formatted("fn f(x) {\n\n  y = x\n\n  return y\n\n}"), "fn f(x) {\n  y = x\n\n  return y\n}\n");
}

TEST(Format, CommentsStay) {
  EXPECT_EQ(formatted("// top\n\nx = 1   // one\n  // own\nfn f(x) { // open\n// in\nreturn x\n// last\n}\n// end"),
            "// top\n\nx = 1   // one\n// own\nfn f(x) { // open\n  // in\n  return x\n  // last\n}\n// end\n");
}

TEST(Format, WhatFollowsTheCommentOfAnExternIsNotItsBody) {
  EXPECT_EQ(formatted("extern f(a) -> u8[3]  // a\nconfig n = 1\n"), "extern f(a) -> u8[3]  // a\nconfig n = 1\n");
}

TEST(Format, CommentsInsideAStatement) {
  EXPECT_EQ(formatted("x = [1, // one\n 2,\n // three\n 3 // end\n ]"),
            "x = [1, // one\n     2,\n     // three\n     3 // end\n    ]\n");
}

TEST(Format, DocCommentsStandBeforeTheirDeclaration) {
  EXPECT_EQ(formatted("/// File.\n\n  /// About x.\nx = 1"), "/// File.\n\n/// About x.\nx = 1\n");
}

//===----------------------------------------------------------------------===//
// Line breaks
//===----------------------------------------------------------------------===//

static std::string repeat(const std::string &text, int times) {
  std::string out;
  while (times-- > 0)
    out += text;
  return out;
}

TEST(Format, BreaksOfTheAuthorStay) {
  EXPECT_EQ(formatted("x = if a then b\n else c"), "x = if a then b\n    else c\n");
  EXPECT_EQ(formatted("fn f(x) =\n x"), "fn f(x) =\n  x\n");
  EXPECT_EQ(formatted("x = f(a,\n b)"), "x = f(a,\n      b)\n");
  EXPECT_EQ(formatted("x = a |> f\n |> g"), "x = a |> f\n      |> g\n");
}

TEST(Format, OtherBreaksGo) { EXPECT_EQ(formatted("x =\n f(\na\n)"), "x = f(a)\n"); }

TEST(Format, LongListsGoOnUnderTheBracket) {
  EXPECT_EQ(formatted("xs = [" + repeat("1234567, ", 20) + "1]"),
            "xs = [" + repeat("1234567, ", 11) + "1234567,\n      " + repeat("1234567, ", 8) + "1]\n");
}

TEST(Format, LongPipesBreakBeforeTheirArrow) {
  EXPECT_EQ(formatted("fn f(x) { return x" + repeat(" |> function(1234567)", 7) + "}"),
            "fn f(x) {\n  return x" + repeat(" |> function(1234567)", 5) + "\n          " +
                repeat(" |> function(1234567)", 2) + "\n}\n");
}

TEST(Format, LongBodiesBreakAfterTheSign) {
  std::string body = "function(" + repeat("argument, ", 9) + "last)";
  EXPECT_EQ(formatted("fn name_of_function(x) = " + body), "fn name_of_function(x) =\n  " + body + "\n");
}

TEST(Format, LongChoicesBreakBeforeElse) {
  std::string long1 = "if condition_of_choice then " + repeat("a", 40);
  EXPECT_EQ(formatted("x = " + long1 + " else " + long1 + " else 3"),
            "x = " + long1 + "\n    else " + long1 + " else 3\n");
}

TEST(Format, LongFamiliesBreakBeforeFor) {
  std::string value = "function(" + repeat("argument, ", 9) + "last)";
  EXPECT_EQ(formatted("fn f(x) { y[i] = " + value + " for i in 1..100 }"),
            "fn f(x) {\n  y[i] = " + value + "\n         for i in 1..100\n}\n");
}

TEST(Format, LongSumsBreakBeforeTheOperator) {
  std::string term = "first_factor_of_term * second_factor_of_term";
  EXPECT_EQ(formatted("x = " + term + " + " + term + " - " + term),
            "x = " + term + " + " + term + "\n    - " + term + "\n");
}

//===----------------------------------------------------------------------===//
// The project's own files
//===----------------------------------------------------------------------===//

static std::vector<std::string> modelFiles() {
  std::vector<std::string> files;
  for (const char *folder : {"stdlib", "models"})
    for (const auto &entry : std::filesystem::recursive_directory_iterator(std::string(NACRE_SOURCE_DIR "/") + folder))
      if (entry.path().extension() == ".nacre")
        files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

class ModelFile : public testing::TestWithParam<std::string> {};

TEST_P(ModelFile, IsFormatted) {
  SourceManager sources;
  auto file = sources.load(GetParam());
  ASSERT_TRUE(file);
  EXPECT_EQ(formatted(sources.text(*file)), sources.text(*file));
}

/// Every space outside comments and strings becomes a line end.
static std::string spreadOut(const std::string &text) {
  std::string out;
  bool comment = false, string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    comment = text[i] != '\n' && (comment || (!string && text.compare(i, 2, "//") == 0));
    string = !comment && string != (text[i] == '"');
    out += text[i] == ' ' && !comment && !string ? "\n\t" : std::string(1, text[i]);
  }
  return out;
}

/// Every line end without a comment near it becomes a space.
static std::string joined(const std::string &text) {
  std::istringstream in(text);
  std::string out, line;
  bool joins = false;
  while (std::getline(in, line)) {
    bool comment = line.find("//") != std::string::npos;
    out += (joins && !comment ? ' ' : '\n') + line;
    joins = !comment;
  }
  return out;
}

/// However its lines are broken, the meaning of a file stays, and formatting it once is enough.
TEST_P(ModelFile, SurvivesBadLayout) {
  SourceManager sources;
  std::string text = sources.text(*sources.load(GetParam()));
  formatted(spreadOut(text));
  formatted(joined(text));
}

INSTANTIATE_TEST_SUITE_P(All, ModelFile, testing::ValuesIn(modelFiles()), [](const auto &info) {
  std::filesystem::path path(info.param);
  return path.parent_path().filename().string() + "_" + path.stem().string();
});
