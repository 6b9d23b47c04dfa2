//===- LoopFormTest.cpp - What the text of an equation allows -------------===//

#include "lang/Elaborator/LoopForm.h"
#include "lang/Parser.h"

#include <gtest/gtest.h>

using namespace nacre::lang;
using Families = std::set<std::string>;

/// The form of the equation `h[t] = right for t in 0..9`, among families h and g.
static LoopForm formOf(const std::string &right, const std::string &type = "") {
  SourceManager sources;
  DiagnosticSink sink;
  std::string text =
      "block Net(x, xs) {\n  h[0] = x\n  g[0] = x\n  h[t]" + type + " = " + right + " for t in 0..9\n}\n";
  std::unique_ptr<File> file = parseFile(sources, sources.add("net.nacre", text), sink);
  EXPECT_TRUE(file) << sink.render(sources);
  const FunctionDecl &function = *file->declarations[0].function;
  return loopForm(function.body.statements[2], analyse(function, nullptr));
}

static bool isPossible(const std::string &right) { return formOf(right).subscriptsOnly; }

TEST(LoopForm, AllowsTheVariableInSubscriptsNextToIt) {
  EXPECT_TRUE(isPossible("f(x[t over T], h[t - 1])"));
  EXPECT_TRUE(isPossible("cell: Cell(x[t + 1], h[(t - 2)], size = len(xs))"));
  EXPECT_TRUE(isPossible("h[t - 1] |> fc: Linear(x[2 + t])"));
  EXPECT_TRUE(isPossible("x[t][t - 1] + x[t + len(xs)]"));
  EXPECT_TRUE(isPossible("t: f(h[t - 1])")) << "the name of a label is no value";
  EXPECT_TRUE(isPossible("[xs[t] for t in 0..3]")) << "another t";
}

TEST(LoopForm, AllowsItNowhereElse) {
  EXPECT_FALSE(isPossible("h[t - 1] * t"));
  EXPECT_FALSE(isPossible("h[2 * t]"));
  EXPECT_FALSE(isPossible("h[1 - t]"));
  EXPECT_FALSE(isPossible("h[t + t]"));
  EXPECT_FALSE(isPossible("x[t..]"));
  EXPECT_FALSE(isPossible("x[t..t + 1]"));
  EXPECT_FALSE(isPossible("x[0 over t]"));
  EXPECT_FALSE(isPossible("layer[t]: f(h[t - 1])"));
  EXPECT_FALSE(isPossible("\"layer{t}\": f(h[t - 1])"));
  EXPECT_FALSE(isPossible("if t == 0 then x else h[t - 1]"));
  EXPECT_FALSE(isPossible("[xs[i] for i in 0..t]"));
  EXPECT_FALSE(formOf("h[t - 1]", ": [N, t]").subscriptsOnly);
}

TEST(LoopForm, NamesTheFamilies) {
  EXPECT_EQ(formOf("f(x[t], h[t - 1])").families, Families{"h"});
  EXPECT_EQ(formOf("h[t - 1][g[t]]").families, (Families{"g", "h"}));
  EXPECT_EQ(formOf("h[0] + x[t]").families, Families{});
}
