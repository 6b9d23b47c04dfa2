//===- TrainTest.cpp - Training runs and how they end ---------------------===//
//
// Runs a training binary the way users do.
//
//===----------------------------------------------------------------------===//
#include "Folder.h"

#include "runtime/files/Safetensors.h"

#include <csignal>
#include <linux/capability.h>
#include <nlohmann/json.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace nacre::runtime::test {
namespace {

using Train = Folder;

void expectSameRun(const std::filesystem::path &a, const std::filesystem::path &b) {
  for (const char *file : {"last.safetensors", "best.safetensors", "metrics.jsonl"}) {
    EXPECT_FALSE(read(a / file).empty()) << file;
    EXPECT_EQ(read(a / file), read(b / file)) << file;
  }
}

TEST_F(Train, LearnsAndWritesWhatTheContractNames) {
  Outcome outcome = train({"--out", "run"});
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  std::istringstream lines(read(folder / "run/metrics.jsonl"));
  int64_t count = 0;
  nlohmann::json json;
  for (std::string line; std::getline(lines, line); ++count) {
    json = nlohmann::json::parse(line);
    EXPECT_EQ(json["step"], count + 1);
    EXPECT_TRUE(json.contains("loss") && json.contains("lr") && json.contains("epoch"));
  }
  EXPECT_EQ(count, 50); // 4 epochs of 100 samples, batch 8
  EXPECT_GT(json["eval/accuracy"].get<double>(), 0.9);
  EXPECT_EQ(json["eval/accuracy"], json["eval/score"]); // a metric of totals
  auto summary = nlohmann::json::parse(read(folder / "run/summary.json"));
  EXPECT_EQ(summary["reason"], "finished");
  EXPECT_EQ(summary["best"]["metric"], "accuracy");
  EXPECT_TRUE(std::filesystem::exists(folder / "run/sheets/00000050.png"));
}

TEST_F(Train, GivesTheSameBytesForAnyNumberOfThreads) {
  ASSERT_EQ(train({"--out", "one", "--threads", "1"}).status, 0);
  for (const char *threads : {"2", "5"}) {
    ASSERT_EQ(train({"--out", "many", "--threads", threads}).status, 0);
    expectSameRun(folder / "one", folder / "many");
  }
}

TEST_F(Train, GoesOnExactlyWhereItStopped) {
  ASSERT_EQ(train({"--out", "whole"}).status, 0);
  for (const char *steps : {"0", "1", "12", "13", "37", "49", "50"}) {
    ASSERT_EQ(train({"--out", "parts", "--steps", steps}).status, 0);
    Outcome outcome = train({"--resume", "parts/last.safetensors"});
    ASSERT_EQ(outcome.status, 0) << outcome.text;
    expectSameRun(folder / "whole", folder / "parts");
    std::filesystem::remove_all(folder / "parts");
  }
}

TEST_F(Train, GoesOnExactlyWhereItStoppedWithSeveralBatchesInAnUpdate) {
  auto trainTo = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--data", "data"});
    return run("NacreFakeAccumulating", more);
  };
  Outcome whole = trainTo({"--out", "whole"});
  ASSERT_EQ(whole.status, 0);
  EXPECT_NE(whole.text.find("batch 8 (3 to an update), 16 steps"), std::string::npos) << whole.text;
  for (const char *steps : {"1", "4", "5", "13"}) {
    ASSERT_EQ(trainTo({"--out", "parts", "--steps", steps}).status, 0);
    ASSERT_EQ(trainTo({"--resume", "parts/last.safetensors", "--threads", "5"}).status, 0);
    expectSameRun(folder / "whole", folder / "parts");
    std::filesystem::remove_all(folder / "parts");
  }
}

TEST_F(Train, GoesOnInAnotherFolderWithItsHistory) {
  ASSERT_EQ(train({"--out", "whole"}).status, 0);
  ASSERT_EQ(train({"--out", "first", "--steps", "20"}).status, 0);
  ASSERT_EQ(train({"--resume", "first/last.safetensors", "--out", "second"}).status, 0);
  EXPECT_EQ(read(folder / "whole/metrics.jsonl"), read(folder / "second/metrics.jsonl"));
}

TEST_F(Train, ItsTimesAreThoseOfAllItsParts) {
  auto summary = [&] { return nlohmann::json::parse(read(folder / "run/summary.json")); };
  ASSERT_EQ(train({"--out", "run", "--steps", "20"}).status, 0);
  nlohmann::json first = summary();
  EXPECT_EQ(first["timed_steps"], 20);
  EXPECT_LE(first["data_ms"], first["step_ms"]);
  ASSERT_EQ(train({"--resume", "run/last.safetensors"}).status, 0);
  nlohmann::json both = summary();
  EXPECT_EQ(both["timed_steps"], both["step"]);
  EXPECT_GT(both["seconds"], first["seconds"]);

  // What a summary says of another moment is not of this run.
  first["step"] = 19;
  ASSERT_EQ(train({"--out", "run", "--steps", "20"}).status, 0);
  write(folder / "run/summary.json", first.dump());
  ASSERT_EQ(train({"--resume", "run/last.safetensors"}).status, 0);
  EXPECT_EQ(summary()["timed_steps"], 30);
}

TEST_F(Train, ForgetsLinesAfterTheCheckpoint) {
  ASSERT_EQ(train({"--out", "whole"}).status, 0);
  ASSERT_EQ(train({"--out", "run", "--steps", "20"}).status, 0);
  std::ofstream(folder / "run/metrics.jsonl", std::ios::app) << "{\"step\": 21, \"loss\": 9}\n{\"step\": 2";
  ASSERT_EQ(train({"--resume", "run/last.safetensors"}).status, 0);
  expectSameRun(folder / "whole", folder / "run");
}

TEST_F(Train, ASeedChangesTheRunAndIsKeptByTheCheckpoint) {
  ASSERT_EQ(train({"--out", "one"}).status, 0);
  ASSERT_EQ(train({"--out", "two", "--seed", "2"}).status, 0);
  EXPECT_NE(read(folder / "one/metrics.jsonl"), read(folder / "two/metrics.jsonl"));
  ASSERT_EQ(train({"--out", "parts", "--seed", "2", "--steps", "9"}).status, 0);
  ASSERT_EQ(train({"--resume", "parts/last.safetensors"}).status, 0);
  expectSameRun(folder / "two", folder / "parts");
}

TEST_F(Train, RefusesACheckpointOfAnotherPlan) {
  ASSERT_EQ(train({"--out", "run", "--steps", "5"}).status, 0);
  Outcome outcome = train({"--resume", "run/last.safetensors", "--epochs", "9"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.text.find("planned steps = 50, this one 112"), std::string::npos) << outcome.text;
}

TEST_F(Train, RefusesACheckpointOfAnotherModel) {
  ASSERT_EQ(run("NacreFakeDouble", {"train", "--data", "data", "--out", "run", "--steps", "5"}).status, 0);
  Outcome outcome = train({"--resume", "run/last.safetensors"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.text.find("fc.weight as f64 [3, 16], this model as f32"), std::string::npos) << outcome.text;
}

TEST_F(Train, StopsAtALossThatIsNoNumberAndKeepsTheStateBefore) {
  Outcome outcome = run("NacreFakeDiverging", {"train", "--data", "data", "--out", "run"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.text.find("error: the loss of step"), std::string::npos) << outcome.text;
  EXPECT_EQ(nlohmann::json::parse(read(folder / "run/summary.json"))["reason"], "diverged");
  SafetensorsFile checkpoint((folder / "run/last.safetensors").string());
  for (const auto &[name, tensor] : checkpoint.content.tensors) {
    std::vector<float> values(tensor.bytes.size() / sizeof(float));
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    for (float value : values)
      EXPECT_TRUE(std::isfinite(value)) << name;
  }
}

TEST_F(Train, StatesOfAnUpdateThatIsNotCompleteAreThoseBeforeIt) {
  auto counted = [&](const std::string &out, std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--data", "data", "--out", out});
    Outcome outcome = run("NacreFakeBadBatch", more);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.text.find("error: the loss of step 3 is not a number"), std::string::npos) << outcome.text;
    SafetensorsFile checkpoint((folder / out / "last.safetensors").string());
    int32_t batches = 0;
    std::memcpy(&batches, checkpoint.content.find("batches")->bytes.data(), sizeof(batches));
    return batches;
  };
  EXPECT_EQ(counted("run", {}), 6);
  EXPECT_EQ(counted("again", {"--resume", "run/last.safetensors"}), 6);
  for (const char *file : {"metrics.jsonl", "last.safetensors"})
    EXPECT_EQ(read(folder / "run" / file), read(folder / "again" / file)) << file;
}

TEST_F(Train, ASignalSavesAndTheRunCanGoOn) {
  writeTrainingData(20'000);
  ASSERT_EQ(train({"--out", "whole"}).status, 0);
  for (int delay : {0, 5, 20, 60}) {
    Running running = start("NacreFakeModel", {"train", "--data", "data", "--out", "run"});
    while (!std::filesystem::exists(folder / "run/metrics.jsonl"))
      usleep(1000);
    usleep(delay * 1000);
    kill(running.pid, delay % 2 ? SIGINT : SIGTERM);
    Outcome outcome = running.wait();
    ASSERT_EQ(outcome.status, 0) << outcome.text;
    ASSERT_EQ(train({"--resume", "run/last.safetensors"}).status, 0);
    expectSameRun(folder / "whole", folder / "run");
    std::filesystem::remove_all(folder / "run");
  }
}

TEST_F(Train, ACrashNeverLeavesADamagedCheckpoint) {
  int found = 0;
  for (int round = 0; round < 25; ++round) {
    Running running = start("NacreFakeModel", {"train", "--data", "data", "--out", "run", "--epochs", "100000"});
    usleep(10'000 * (round + 1));
    kill(running.pid, SIGKILL);
    running.wait();
    for (const char *name : {"last.safetensors", "best.safetensors"}) {
      std::filesystem::path path = folder / "run" / name;
      if (!std::filesystem::exists(path))
        continue;
      ++found;
      Outcome outcome = run("NacreFakeModel", {"eval", "--checkpoint", path.string(), "--data", "data"});
      EXPECT_EQ(outcome.status, 0) << outcome.text;
    }
  }
  EXPECT_GT(found, 0);
}

TEST_F(Train, AFullDiskIsOneMessageAndLosesNothing) {
  ASSERT_EQ(train({"--out", "run", "--steps", "5"}).status, 0);
  std::string before = read(folder / "run/last.safetensors");
  auto limit = [] {
    rlimit size{900, 900}; // room for the metrics, not for a checkpoint
    setrlimit(RLIMIT_FSIZE, &size);
  };
  Outcome outcome = train({"--out", "run", "--resume", "run/last.safetensors", "--steps", "6"}, limit);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(read(folder / "run/last.safetensors"), before);
  EXPECT_FALSE(std::filesystem::exists(folder / "run/last.safetensors.tmp"));
}

TEST_F(Train, AFolderThatCannotBeMadeIsOneMessage) {
  write(folder / "file", "");
  Outcome outcome = train({"--out", "file/run"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.text.find("error: cannot make the folder file/run"), std::string::npos) << outcome.text;
}

TEST_F(Train, AReadOnlyFolderIsOneMessage) {
  using std::filesystem::perms;
  constexpr perms readOnly{0555};
  std::filesystem::create_directory(folder / "run");
  std::filesystem::permissions(folder / "run", readOnly);
  auto obeyPermissions = [] { // as root, too
    if (geteuid() == 0 && prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) != 0)
      _exit(99);
  };
  Outcome outcome = train({"--out", "run"}, obeyPermissions);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.text.find("error: cannot write run/metrics.jsonl"), std::string::npos) << outcome.text;
}

TEST_F(Train, BadDataIsOneMessageThatNamesTheFile) {
  std::string images = read(folder / "data/train-images.gz"), labels = read(folder / "data/train-labels");
  struct {
    std::string file, content, message;
  } cases[] = {
      {"train-images.gz", images.substr(0, images.size() / 2), "train-images.gz is damaged or cut short"},
      {"train-labels", labels.substr(0, 50), "train-labels is cut short"},
      {"train-labels", labels + "x", "train-labels is too long"},
      {"train-labels", "hello", "train-labels is not an IDX file"},
      {"train-labels", "", "train-labels is not an IDX file"},
      {"train-labels", idx({100}, std::string(100, 3)), "sample 0 has label = 3, which is not in 0..2"},
      {"train-labels", idx({99}, std::string(99, 0)), "has 100 samples"},
      {"train-labels", idx({100, 2}, std::string(200, 0)), "holds an array of shape [100, 2]"},
      {"train-labels", idx({0xffffffff, 0xffffffff, 0xffffffff}, ""), "train-labels is cut short"},
  };
  for (const auto &bad : cases) {
    write(folder / "data/train-images.gz", images);
    write(folder / "data/train-labels", labels);
    write(folder / "data" / bad.file, bad.content);
    Outcome outcome = train({"--out", "run"});
    EXPECT_EQ(outcome.status, 1) << bad.message;
    EXPECT_NE(outcome.text.find(bad.message), std::string::npos) << outcome.text;
    EXPECT_EQ(std::count(outcome.text.begin(), outcome.text.end(), '\n'), 1) << outcome.text;
  }
}

/// Folders with 200 images of 3 classes, read by NacreFakeImages.
class TrainImages : public Train {
protected:
  void SetUp() override {
    Train::SetUp();
    for (int i = 0; i < 200; ++i) {
      int label = i % 3;
      auto place = folder / "data/train" / std::to_string(label);
      std::filesystem::create_directories(place);
      std::string pixels(16, static_cast<char>(i));
      std::fill_n(pixels.begin() + 4 * label, 4, static_cast<char>(200));
      write(place / (std::to_string(1000 + i) + ".png"), png(4, 4, pixels));
    }
  }

  Outcome trainTo(const std::string &out, std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--data", "data", "--out", out});
    return run(binary, more);
  }

  /// Trains until a damaged image comes, and goes on when it is whole again.
  void expectNoWorkLost(const std::string &image) {
    ASSERT_EQ(trainTo("whole", {}).status, 0);
    auto damaged = folder / "data/train/0" / image;
    std::string content = read(damaged);
    write(damaged, content.substr(0, 40));
    Outcome outcome = trainTo("run", {"--data-memory", "0"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.text.find(image + " cannot be decoded: "), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.text.find("To go on: train --resume run/last.safetensors"), std::string::npos) << outcome.text;
    write(damaged, content);
    ASSERT_EQ(trainTo("run", {"--resume", "run/last.safetensors"}).status, 0);
    expectSameRun(folder / "whole", folder / "run");
    std::filesystem::remove_all(folder / "run");
  }

  std::string binary = "NacreFakeImages";
};

TEST_F(TrainImages, DoNotDependOnMemoryAndThreads) {
  ASSERT_EQ(trainTo("one", {"--threads", "1"}).status, 0);
  ASSERT_EQ(trainTo("two", {"--threads", "5", "--data-memory", "0"}).status, 0);
  expectSameRun(folder / "one", folder / "two");
}

TEST_F(TrainImages, OneThatIsBadCostsNoWork) { expectNoWorkLost("1003.png"); }

TEST_F(TrainImages, OneThatIsBadAmongTheBatchesOfAnUpdateCostsNoWork) {
  binary = "NacreFakeAccumulatingImages";
  for (const char *image : {"1012.png", "1030.png", "1060.png"})
    expectNoWorkLost(image);
}

TEST_F(Train, MissingEvaluationDataIsToldEarly) {
  std::filesystem::remove(folder / "data/eval-images");
  Outcome outcome = train({"--out", "run", "--epochs", "100000"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.text.find("the data file eval-images is not in data"), std::string::npos) << outcome.text;
}

TEST_F(Train, AnUnknownStepOfThePipelineIsNamed) {
  Outcome outcome = run("NacreFakeUnknownStep", {"train", "--data", "data"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.text.find("no data operation \"kaleidoscope\""), std::string::npos) << outcome.text;
}

TEST_F(Train, FindsDataByTheEnvironment) {
  Outcome outcome = run("NacreFakeModel", {"train", "--out", "run"}, [] { setenv("NACRE_DATA", "data", 1); });
  EXPECT_EQ(outcome.status, 0) << outcome.text;
}

TEST_F(Train, WrongCommandLinesExitWithTwo) {
  for (std::vector<std::string> arguments :
       {std::vector<std::string>{}, {"train", "--nonsense"}, {"fly"}, {"eval"}, {"train", "--threads", "0"}})
    EXPECT_EQ(run("NacreFakeModel", arguments).status, 2);
  EXPECT_EQ(run("NacreFakeModel", {"--help"}).status, 0);
  EXPECT_EQ(run("NacreFakeModel", {"train", "--help"}).status, 0);
}

} // namespace
} // namespace nacre::runtime::test
