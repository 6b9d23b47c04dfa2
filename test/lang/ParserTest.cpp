//===- ParserTest.cpp - Tokens to syntax trees ----------------------------===//

#include "test/lang/Parse.h"

using namespace nacre::lang;

/// The tree of a file.
static std::string parsed(const std::string &text) {
  ParsedText result(text);
  EXPECT_TRUE(result.file) << result.messages();
  return result.file ? result.tree() : "";
}

//===----------------------------------------------------------------------===//
// Precedence
//===----------------------------------------------------------------------===//

TEST(Precedence, MinusIsLooserThanPower) { EXPECT_EQ(treeOf("-x^2"), "negate\n  ^\n    x\n    2\n"); }

TEST(Precedence, PowerTakesANegativeExponent) { EXPECT_EQ(treeOf("2^-1"), "^\n  2\n  negate\n    1\n"); }

TEST(Precedence, PowerGroupsToTheRight) { EXPECT_EQ(treeOf("a^b^c"), "^\n  a\n  ^\n    b\n    c\n"); }

TEST(Precedence, SubtractionGroupsToTheLeft) { EXPECT_EQ(treeOf("a - b - c"), "-\n  -\n    a\n    b\n  c\n"); }

TEST(Precedence, ProductsBeforeSumsBeforeRanges) {
  EXPECT_EQ(treeOf("0..2 * n - 1"), "range\n  0\n  -\n    *\n      2\n      n\n    1\n");
}

TEST(Precedence, NotBeforeAndBeforeOr) {
  EXPECT_EQ(treeOf("not a == b and c or d"), "or\n  and\n    not\n      ==\n        a\n        b\n    c\n  d\n");
}

TEST(Precedence, PipeIsLoosest) {
  EXPECT_EQ(treeOf("a + b |> f |> g(1)"), "pipe\n  pipe\n    +\n      a\n      b\n    f\n  call\n    g\n    1\n");
}

TEST(Precedence, LabelTakesTheWholeCall) {
  EXPECT_EQ(treeOf("x |> conv[i]: f(1)(2)"),
            "pipe\n  x\n  label\n    subscript\n      conv\n      i\n    call\n      call\n"
            "        f\n        1\n      2\n");
}

TEST(Precedence, ElseTakesTheRest) {
  EXPECT_EQ(treeOf("if a then b else c |> f"), "if\n  a\n  b\n  pipe\n    c\n    f\n");
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

TEST(Expression, CallWithNamesAndAxes) {
  EXPECT_EQ(treeOf("f(a, k = 3 over N, ...S)"), "call\n  f\n  a\n  argument k\n    3\n  over\n    N\n    ...S\n");
}

TEST(Expression, CallWithAxesOnly) { EXPECT_EQ(treeOf("f(over N)"), "call\n  f\n  over\n    N\n"); }

TEST(Expression, Subscripts) {
  EXPECT_EQ(treeOf("x[t over T]"), "subscript\n  x\n  t\n  over\n    T\n");
  EXPECT_EQ(treeOf("x[1..2]"), "subscript\n  x\n  range\n    1\n    2\n");
  EXPECT_EQ(treeOf("x[a - 1.. over T]"), "subscript-from\n  x\n  -\n    a\n    1\n  over\n    T\n");
}

TEST(Expression, Lists) {
  EXPECT_EQ(treeOf("[]"), "list\n");
  EXPECT_EQ(treeOf("[1, ...xs]"), "list\n  1\n  spread\n    xs\n");
  EXPECT_EQ(treeOf("[f(i) for i in 0..3]"),
            "comprehension\n  call\n    f\n    i\n  for i\n    range\n      0\n      3\n");
}

TEST(Expression, OperatorsKnowTheirOwnPlace) {
  ParsedText parsed("x = a + b\n");
  EXPECT_EQ(parsed.sources.text(parsed.file->declarations[0].value->op), "+");
}

TEST(Expression, AloneForTheCommandLine) {
  SourceManager sources;
  DiagnosticSink sink;
  ExprPtr value = parseExpression(sources, sources.add("-D layers", "2^3"), sink);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->kind, Expr::Kind::Binary);
  EXPECT_FALSE(parseExpression(sources, sources.add("-D layers", "2 3"), sink));
  EXPECT_EQ(sink.errorCount(), 1u);
}

//===----------------------------------------------------------------------===//
// Declarations and statements
//===----------------------------------------------------------------------===//

TEST(Declaration, ConfigAndSweep) {
  EXPECT_EQ(parsed("config n = 3 in 1..9\nsweep t = e for n in [1], m in ns\n"),
            "config n\n  3\n  range\n    1\n    9\n"
            "sweep t\n  of e\n  for n\n    list\n      1\n  for m\n    ns\n");
}

TEST(Declaration, SignatureWithAxes) {
  EXPECT_EQ(parsed("fn f(x: [N, ...S], n: int = 2 over ...A) -> u8[] = x"),
            "fn f\n  parameter x\n    type []\n      N\n      ...S\n  parameter n\n    type int\n    2\n  over ...A\n"
            "  type u8 []\n  x\n");
}

TEST(Declaration, Dataset) {
  EXPECT_EQ(parsed("dataset d(n: int = 1) { label: int[] in 0..9 train = f(n) }"),
            "dataset d\n  parameter n\n    type int\n    1\n  field label\n    type int []\n    range\n"
            "      0\n      9\n  field train\n    call\n      f\n      n\n");
}

TEST(Declaration, ExperimentRulesAndPolicies) {
  EXPECT_EQ(parsed("experiment e { precision \"fc.*\" = \"f32\" update(p, g) = p }"),
            "experiment e\n  setting precision\n    string\n      \"fc.*\"\n    string\n      \"f32\"\n"
            "  setting update\n    parameter p\n    parameter g\n    p\n");
}

TEST(Declaration, ImportPath) { EXPECT_EQ(parsed("import a.b\n"), "import a.b\n"); }

TEST(Statement, NewLinesDoNotMatter) {
  EXPECT_EQ(parsed("fn f(x) {\n y = x\n + 1 z = y return z }"), parsed("fn f(x) { y = x + 1\nz = y\nreturn z }"));
}

TEST(Statement, Families) {
  EXPECT_EQ(parsed("fn f(x) { h[-1] = x h[t]: [N] = g(h[t - 1]) for t in 0..T }"),
            "fn f\n  parameter x\n  equation\n    target h\n      negate\n        1\n    x\n"
            "  equation\n    target h\n      t\n      type []\n        N\n    call\n      g\n      subscript\n"
            "        h\n        -\n          t\n          1\n    for t\n      range\n        0\n        T\n");
}

TEST(Statement, ListsAreTakenApart) {
  EXPECT_EQ(parsed("fn f(x) { a, b' , c: [N] = x }"),
            "fn f\n  parameter x\n  equation\n    target a\n    target b'\n    target c\n      type []\n"
            "        N\n    x\n");
}

TEST(Statement, OwnedTensors) {
  EXPECT_EQ(parsed("block F(x) { param bias as b: [K] = 0 state \"a.b\" as s: [] = 1 }"),
            "block F\n  parameter x\n  param b\n    bias\n    type []\n      K\n    0\n"
            "  state s\n    string\n      \"a.b\"\n    type []\n    1\n");
}

TEST(Statement, ChecksAndPictures) {
  EXPECT_EQ(parsed("fn f(x) { require a, \"no\" expect b, \"hm\" metric m = x show x, y return x }"),
            "fn f\n  parameter x\n  require\n    a\n    string\n      \"no\"\n  expect\n    b\n    string\n"
            "      \"hm\"\n  metric m\n    x\n  show\n    x\n    y\n  return\n    x\n");
}

TEST(Statement, SpansCoverTheWholeStatement) {
  ParsedText parsed("fn f(x) {\n  y[i] = g(x) for i in 1..3\n}\n");
  const Statement &statement = parsed.file->declarations[0].function->body.statements[0];
  EXPECT_EQ(parsed.sources.text(statement.span), "y[i] = g(x) for i in 1..3");
}
