//===- LibraryTest.cpp - The stdlib and every model are sound -------------===//

#include "Elaborated.h"
#include "lang/Elaborator/Check.h"

#include <gtest/gtest.h>

using namespace nacre::lang;

TEST(Library, HasNoUnknownOrUnusedNames) {
  TemporaryFile file("empty.nacre", "");
  SourceManager sources;
  DiagnosticSink sink;
  ModuleSet modules(sources, sink);
  ASSERT_TRUE(modules.load(file.path, NACRE_SOURCE_DIR "/stdlib")) << sink.render(sources);
  EXPECT_TRUE(checkDeclarations(modules, sink, true)) << sink.render(sources);
}

TEST(Library, EveryModelChecks) {
  for (const auto &entry : std::filesystem::recursive_directory_iterator(NACRE_SOURCE_DIR "/models")) {
    if (entry.path().extension() != ".nacre")
      continue;
    Options options;
    options.stdlibDir = NACRE_SOURCE_DIR "/stdlib";
    SourceManager sources;
    DiagnosticSink sink;
    std::vector<Program> programs;
    EXPECT_TRUE(checkFile(entry.path().string(), options, sources, sink, programs)) << entry.path() << "\n"
                                                                                    << sink.render(sources);
  }
}

static Elaborated elaborateExample(const std::string &net) {
  return elaborateText("import beyond\n\nblock Net(x: [N, C, H, W]) -> [N, ...] {\n  rows: [N, H, W] = x[0 over C]\n"
                       "  return (if true then " +
                       net + " else rows)" + "\n}\n" + experimentWith("    loss = mean(Net(x)^2)"));
}

/// The examples have no experiment of their own.
class ExampleTest : public testing::TestWithParam<std::pair<const char *, size_t>> {};

TEST_P(ExampleTest, Elaborates) {
  auto [net, parameters] = GetParam();
  std::string folder = NACRE_SOURCE_DIR "/models/examples";
  TemporaryFile copy("beyond.nacre", [&] {
    std::ifstream in(folder + "/beyond.nacre");
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }());
  Elaborated result = elaborateExample(net);
  ASSERT_TRUE(result.program) << result.messages;
  EXPECT_EQ(result.program->params.size(), parameters);
}

INSTANTIATE_TEST_SUITE_P(Beyond, ExampleTest,
                         testing::Values(std::pair{"Transformer(rows, 2, 4)", 26}, std::pair{"LSTM(rows, 5)", 4},
                                         std::pair{"LSTM2(rows, 5)", 4}, std::pair{"UNet(x, 2)", 8},
                                         std::pair{"Attention(rows, 7, causal = true)", 4},
                                         std::pair{"Codebook(reshape(x, [N, C * H * W]), 16)", 0}));

TEST(Contents, ListsExperimentsConfigsAndSweeps) {
  Options options;
  options.stdlibDir = NACRE_SOURCE_DIR "/stdlib";
  SourceManager sources;
  DiagnosticSink sink;
  std::optional<Contents> found = contents(NACRE_SOURCE_DIR "/models/convgru.nacre", options, sources, sink);
  ASSERT_TRUE(found) << sink.render(sources);
  EXPECT_EQ(found->experiments, std::vector<std::string>{"moving"});
  EXPECT_EQ(found->configs[0], (std::pair<std::string, std::string>{"frames", "8"}));
  ASSERT_EQ(found->sweeps.size(), 2u);
  EXPECT_EQ(found->sweeps[1].name, "variants");
  EXPECT_EQ(found->sweeps[1].experiment, "moving");
  EXPECT_EQ(found->sweeps[1].axes[0].values, (std::vector<std::string>{"false", "true"}));
  EXPECT_EQ(found->sweeps[1].axes[1].values, (std::vector<std::string>{"visioncore", "cudnn", "conv"}));
}
