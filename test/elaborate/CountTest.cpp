//===- CountTest.cpp - Models have exactly their published sizes ----------===//

#include "Elaborated.h"

#include <gtest/gtest.h>

using namespace nacre::lang;

namespace {
struct Count {
  const char *model;
  Defines defines;
  int64_t parameters;
  int64_t buffers = -1;    ///< Elements of the network's states; -1 is not checked.
  int64_t multiplies = -1; ///< Multiply-adds of one sample.
};

class CountTest : public testing::TestWithParam<Count> {};
} // namespace

static int64_t elementsOf(const std::vector<Variable> &variables, bool optimizer) {
  int64_t sum = 0;
  for (const Variable &variable : variables) {
    int64_t product = 1;
    for (int64_t size : variable.type.shape)
      product *= size;
    sum += variable.optimizer == optimizer ? product : 0;
  }
  return sum;
}

TEST_P(CountTest, EqualsThePublishedNumber) {
  const Count &count = GetParam();
  Elaborated result = elaborateModel(count.model, count.defines);
  ASSERT_TRUE(result.program) << result.messages;
  EXPECT_EQ(result.messages, "");
  EXPECT_EQ(elementsOf(result.program->params, false), count.parameters);
  if (count.buffers >= 0)
    EXPECT_EQ(elementsOf(result.program->states, false), count.buffers);
  if (count.multiplies >= 0) {
    const Layer &root = result.program->layers.front();
    EXPECT_EQ(root.path, "");
    EXPECT_EQ(root.flops, 2 * count.multiplies * result.program->settings.batch);
  }
}

INSTANTIATE_TEST_SUITE_P(
    ResConv, CountTest,
    testing::Values(Count{"resconv", {{"layers", "1"}}, 675, -1, 589'824},
                    Count{"resconv", {{"layers", "2"}}, 19'299, -1, 19'464'192},
                    Count{"resconv", {{"layers", "3"}}, 37'923}, Count{"resconv", {{"layers", "5"}}, 75'171},
                    Count{"resconv", {{"layers", "7"}}, 112'419}, Count{"resconv", {{"layers", "9"}}, 149'667},
                    Count{"resconv", {{"layers", "11"}}, 186'915}, Count{"resconv", {{"layers", "13"}}, 224'163},
                    Count{"resconv", {}, 261'411, -1, 264'830'976}, Count{"resconv", {{"layers", "17"}}, 298'659},
                    Count{"resconv", {{"layers", "19"}}, 335'907}, Count{"resconv", {{"layers", "21"}}, 373'155},
                    Count{"resconv", {{"layers", "30"}}, 540'771}));

INSTANTIATE_TEST_SUITE_P(
    ResNet, CountTest,
    testing::Values(Count{"resnet", {}, 11'173'962, 9'620, 555'422'720},
                    Count{"resnet", {{"depth", "34"}}, 21'282'122, 17'060, 1'159'402'496},
                    Count{"resnet", {{"depth", "50"}}, 23'520'842, 53'173, 1'297'829'888},
                    Count{"resnet", {{"depth", "101"}}, 42'512'970, 105'448, 2'509'983'744},
                    Count{"resnet", {{"depth", "152"}}, 58'156'618},
                    Count{"resnet", {{"pre_activation", "true"}}, 11'172'170, 7'825},
                    Count{"resnet", {{"depth", "34"}, {"pre_activation", "true"}}, 21'280'330, 15'265},
                    Count{"resnet", {{"depth", "50"}, {"pre_activation", "true"}}, 23'513'162, 45'489},
                    Count{"resnet", {{"depth", "101"}, {"pre_activation", "true"}}, 42'505'290, 97'764},
                    Count{"resnet", {{"depth", "152"}, {"pre_activation", "true"}}, 58'148'938},
                    Count{"resnet", {{"classes", "100"}}, 11'220'132},
                    Count{"resnet", {{"depth", "34"}, {"classes", "100"}}, 21'328'292},
                    Count{"resnet", {{"depth", "50"}, {"classes", "100"}}, 23'705'252},
                    Count{"resnet", {{"depth", "101"}, {"classes", "100"}}, 42'697'380},
                    Count{"resnet", {{"stem", "imagenet"}, {"classes", "1000"}}, 11'689'512},
                    Count{"resnet", {{"depth", "34"}, {"stem", "imagenet"}, {"classes", "1000"}}, 21'797'672},
                    Count{"resnet", {{"depth", "50"}, {"stem", "imagenet"}, {"classes", "1000"}}, 25'557'032},
                    Count{"resnet", {{"depth", "101"}, {"stem", "imagenet"}, {"classes", "1000"}}, 44'549'160},
                    Count{"resnet", {{"depth", "152"}, {"stem", "imagenet"}, {"classes", "1000"}}, 60'192'808},
                    Count{"resnet",
                          {{"depth", "50"}, {"widen", "2"}, {"stem", "imagenet"}, {"classes", "1000"}},
                          68'883'240},
                    Count{"resnet",
                          {{"depth", "101"}, {"widen", "2"}, {"stem", "imagenet"}, {"classes", "1000"}},
                          126'886'696}));

INSTANTIATE_TEST_SUITE_P(
    Research, CountTest,
    testing::Values(
        Count{"wide_resnet", {}, 36'479'194}, Count{"wide_resnet", {{"classes", "100"}}, 36'536'884},
        Count{"wide_resnet", {{"depth", "16"}, {"width", "8"}}, 10'961'370},
        Count{"wide_resnet", {{"depth", "22"}, {"width", "8"}}, 17'158'106}, Count{"pyramidnet", {}, 1'772'706},
        Count{"pyramidnet", {{"alpha", "270"}}, 28'485'477},
        Count{"pyramidnet", {{"depth", "164"}, {"alpha", "270"}, {"bottleneck", "true"}}, 27'216'021},
        Count{"densenet", {}, 769'162}, Count{"densenet", {{"classes", "100"}}, 800'032},
        Count{"densenet", {{"depth", "40"}, {"bottleneck", "false"}}, 1'019'722},
        Count{"densenet", {{"bottleneck", "false"}}, 6'979'642},
        Count{"densenet", {{"bottleneck", "false"}, {"growth", "24"}}, 27'249'082},
        Count{"densenet", {{"depth", "121"}, {"growth", "32"}, {"stem", "imagenet"}, {"classes", "1000"}}, 7'978'856}));

INSTANTIATE_TEST_SUITE_P(EfficientNet, CountTest,
                         testing::Values(Count{"efficientnet", {}, 5'288'548},
                                         Count{"efficientnet", {{"classes", "10"}}, 4'020'358},
                                         Count{"efficientnet", {{"variant", "b1"}}, 7'794'184},
                                         Count{"efficientnet", {{"variant", "b2"}}, 9'109'994},
                                         Count{"efficientnet", {{"variant", "b3"}}, 12'233'232},
                                         Count{"efficientnet", {{"variant", "b4"}}, 19'341'616},
                                         Count{"efficientnet", {{"variant", "b5"}}, 30'389'784},
                                         Count{"efficientnet", {{"variant", "b6"}}, 43'040'704},
                                         Count{"efficientnet", {{"variant", "b7"}}, 66'347'960}));

INSTANTIATE_TEST_SUITE_P(VisionCore, CountTest,
                         testing::Values(Count{"visioncore", {}, 3'939'230},
                                         Count{"visioncore", {{"variant", "gru"}}, 3'939'230},
                                         Count{"visioncore", {{"variant", "standard_gru"}}, 5'407'858}));

namespace {
/// A ConvGRU alone, on `channels` channels of 8 x 8 pixels over two frames.
std::string recurrent(int channels, const std::string &arguments) {
  return "block Net(x: [N, C, T, H, W]) -> [N, ...] = gru: ConvGRU(x, " + arguments + ")\n" +
         experimentWith("    wide: [N, C, H, W] = x[0..7 over 2]\n"
                        "    small = wide[0..7 over W]\n"
                        "    video = expand(reshape(small, [N, C, 1, 8, 8]), [N, C, 2, 8, 8])\n"
                        "    loss = mean(Net(concat(each(video, " +
                        std::to_string(channels) + ") over 1))^2)");
}
} // namespace

TEST(ConvGRUCount, EqualsThePublishedNumbers) {
  auto count = [](int channels, const std::string &arguments) {
    Elaborated result = elaborateText(recurrent(channels, arguments));
    EXPECT_TRUE(result.program) << result.messages;
    return result.program ? elementsOf(result.program->params, false) : -1;
  };
  EXPECT_EQ(count(32, "64"), 166'528);
  EXPECT_EQ(count(32, "64, use_depthwise = true"), 19'936);
  EXPECT_EQ(count(32, "64, use_layer_norm = false, learnable_h0 = false"), 166'080);
  EXPECT_EQ(count(288, "256"), 3'762'688);
  EXPECT_EQ(count(288, "256, use_depthwise = true"), 425'248);
  EXPECT_EQ(count(288, "256, use_grouped = true, num_groups = 4"), 942'592);
  // Where there are fewer input channels than groups, each is a group: 24 * 9 + 24, 24 * 2 * 9, 48, 8.
  EXPECT_EQ(count(1, "8, use_grouped = true, num_groups = 4"), 728);
}
