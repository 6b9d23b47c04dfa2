//===- CommandTest.cpp - The commands beside training ---------------------===//
//
// eval, bench, info, step and gradcheck.
//
//===----------------------------------------------------------------------===//
#include "Folder.h"

#include "runtime/files/Safetensors.h"

#include <nlohmann/json.hpp>

namespace nacre::runtime::test {
namespace {

using Command = Folder;

nlohmann::json parse(const Outcome &outcome) {
  EXPECT_EQ(outcome.status, 0) << outcome.text;
  return nlohmann::json::parse(outcome.text);
}

TEST_F(Command, EvalGivesWhatTrainingSaw) {
  ASSERT_EQ(train({"--out", "run"}).status, 0);
  auto json =
      parse(run("NacreFakeModel", {"eval", "--checkpoint", "run/last.safetensors", "--data", "data", "--json"}));
  auto summary = nlohmann::json::parse(read(folder / "run/summary.json"));
  EXPECT_EQ(json["samples"], 21); // two batches of 8 and 5 single samples
  EXPECT_EQ(json["eval/loss"], summary["metrics"]["eval/loss"]);
}

TEST_F(Command, EvalOfADamagedCheckpointIsOneMessage) {
  ASSERT_EQ(train({"--out", "run", "--steps", "1"}).status, 0);
  std::string file = read(folder / "run/last.safetensors");
  for (size_t size : {size_t(0), size_t(7), size_t(60), file.size() - 1}) {
    write(folder / "bad.safetensors", file.substr(0, size));
    Outcome outcome = run("NacreFakeModel", {"eval", "--checkpoint", "bad.safetensors", "--data", "data"});
    EXPECT_EQ(outcome.status, 1) << size;
    EXPECT_NE(outcome.text.find("error: bad.safetensors"), std::string::npos) << outcome.text;
  }
}

TEST_F(Command, BenchHasTheKeysOfTheContract) {
  auto json = parse(run("NacreFakeModel", {"bench", "--steps", "5", "--json"}));
  for (const char *key : {"step_ms", "samples_per_s", "gflops", "peak_bytes", "threads", "peak_gflops"})
    EXPECT_GT(json[key].get<double>(), 0) << key;
  EXPECT_EQ(json["kernels"].size(), 5u); // "initialise" and "finish" are not part of a step
  EXPECT_EQ(json["launches"].size(), 6u);
  for (const nlohmann::json &launch : json["launches"]) {
    bool inLoop = launch["label"] == "fc forward";
    EXPECT_EQ(launch["calls"], inLoop ? 2 : 1) << launch["label"];
    if (inLoop)
      EXPECT_EQ(launch["flops"], 2e6);
  }
}

TEST_F(Command, BenchTimesAllBatchesOfAnUpdate) {
  auto json = parse(run("NacreFakeAccumulating", {"bench", "--steps", "5", "--json"}));
  EXPECT_EQ(json["batch"], 3 * 8);
  EXPECT_EQ(json["launches"].size(), 6u);
  for (const nlohmann::json &launch : json["launches"]) {
    std::string label = launch["label"];
    EXPECT_EQ(launch["calls"], label == "fc forward" ? 6 : label.starts_with("update") ? 1 : 3) << label;
  }
}

TEST_F(Command, InfoDescribesTheModel) {
  auto json = parse(run("NacreFakeModel", {"info", "--json"}));
  EXPECT_EQ(json["parameters"], 51);
  EXPECT_EQ(json["settings"]["batch"], 8);
  EXPECT_EQ(json["tensors"].size(), 5u);
  EXPECT_EQ(json["fields"]["label"]["range"], nlohmann::json({0, 2}));
  EXPECT_EQ(json["entries"]["train"]["launches"], 6);
  EXPECT_EQ(json["entries"]["train"]["runs"], 7);
  EXPECT_EQ(json["entries"]["train"]["flops"], 4e6);
}

TEST_F(Command, StepRunsOneUpdateOnGivenTensors) {
  ASSERT_EQ(run("NacreFakeModel", {"step", "--entry", "init", "--out", "init.safetensors"}).status, 0);
  std::vector<double> weights(48, 0.25); // other types are converted
  std::vector<uint8_t> images(8 * 16, 255);
  std::vector<int64_t> labels(8, 2);
  auto bytes = [](const auto &values) {
    return std::span(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(values[0]));
  };
  writeSafetensors((folder / "in.safetensors").string(),
                   {{"fc.weight", DType::F64, {3, 16}, bytes(weights)},
                    {"field.image", DType::U8, {8, 1, 4, 4}, bytes(images)},
                    {"field.label", DType::I64, {8}, bytes(labels)}},
                   {});
  Outcome outcome =
      run("NacreFakeModel", {"step", "--in", "in.safetensors", "--out", "out.safetensors", "--steps", "10"});
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  SafetensorsFile init((folder / "init.safetensors").string()), out((folder / "out.safetensors").string());
  auto first = [](const SafetensorsFile &file, const char *name) {
    float value;
    std::memcpy(&value, file.content.find(name)->bytes.data(), sizeof(value));
    return value;
  };
  float bias = first(init, "fc.bias"), gradient = 2 * (4 + bias); // each output is 16 * 0.25 + bias
  EXPECT_FLOAT_EQ(first(out, "grad.fc.weight"), gradient);
  EXPECT_FLOAT_EQ(first(out, "fc.weight"), 0.25f - 0.05f * gradient);
  EXPECT_FLOAT_EQ(first(out, "optimizer.fc.bias.m"), gradient);
  EXPECT_TRUE(out.content.find("loss") && out.content.find("metric.accuracy") && out.content.find("total.hits"));
}

TEST_F(Command, GradCheckTellsRightFromWrong) {
  for (const char *model : {"NacreFakeModel", "NacreFakeDouble"}) {
    Outcome right = run(model, {"gradcheck"});
    EXPECT_EQ(right.status, 0) << right.text;
    EXPECT_NE(right.text.find("2 of 2 gradients agree"), std::string::npos) << right.text;
  }
  Outcome wrong = run("NacreFakeWrong", {"gradcheck"});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_NE(wrong.text.find("WRONG"), std::string::npos) << wrong.text;
}

TEST_F(Command, GradCheckTakesParametersFromACheckpoint) {
  ASSERT_EQ(train({"--out", "run", "--steps", "1"}).status, 0);
  std::string atFirst = run("NacreFakeModel", {"gradcheck", "--json"}).text;
  Outcome trained = run("NacreFakeModel", {"gradcheck", "--json", "--checkpoint", "run/last.safetensors"});
  EXPECT_EQ(trained.status, 0) << trained.text;
  EXPECT_NE(trained.text, atFirst);
}

} // namespace
} // namespace nacre::runtime::test
