//===- CudaTest.cpp - Models on a GPU that is none ------------------------===//
//
// A training binary for a GPU, run with a driver that does its work on the host, gives
// what the same model gives on the processor. Failures that the driver pretends end it
// with one message.
//
//===----------------------------------------------------------------------===//
#include "Folder.h"

#include "runtime/cuda/Gpu.h"
#include "runtime/cuda/Uploads.h"
#include "runtime/files/Safetensors.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace nacre::runtime::test {
namespace {

class Cuda : public Folder {
protected:
  /// Runs a fake model with the fake driver, in which a failure is planted.
  Outcome runOnGpu(const std::string &binary, std::vector<std::string> arguments, const std::string &failure = "") {
    return run(binary, std::move(arguments), [failure] {
      setenv("LD_LIBRARY_PATH", FAKE_CUDA_FOLDER, 1);
      setenv("FAKE_CUDA", failure.c_str(), 1);
    });
  }

  void expectMessage(const Outcome &outcome, int status, const std::string &text) {
    EXPECT_EQ(outcome.status, status) << outcome.text;
    EXPECT_NE(outcome.text.find(text), std::string::npos) << outcome.text;
    EXPECT_EQ(std::count(outcome.text.begin(), outcome.text.end(), '\n'), 1) << outcome.text;
  }

  void expectSameFiles(const std::string &a, const std::string &b) {
    for (const char *file : {"last.safetensors", "best.safetensors", "metrics.jsonl", "sheets/00000050.png"}) {
      EXPECT_FALSE(read(folder / a / file).empty()) << file;
      EXPECT_EQ(read(folder / a / file), read(folder / b / file)) << file;
    }
  }
};

TEST_F(Cuda, TrainsToTheBitsOfTheProcessor) {
  ASSERT_EQ(train({"--out", "cpu"}).status, 0);
  for (const char *gpu : {"", "sm_89", "sm_90"}) { // at sm_90 from PTX alone
    Outcome outcome = runOnGpu("NacreFakeCuda", {"train", "--data", "data", "--out", "gpu"}, gpu);
    ASSERT_EQ(outcome.status, 0) << outcome.text;
    EXPECT_NE(outcome.text.find("Fake GPU"), std::string::npos) << outcome.text;
    expectSameFiles("cpu", "gpu");
  }
}

TEST_F(Cuda, BeginsAnUpdateBeforeTheLossOfTheOneInFrontIsKnown) {
  std::vector<std::string> arguments = {"train", "--data", "data", "--steps", "12", "--out", "gpu"};
  Outcome many = runOnGpu("NacreFakeCuda", arguments, "idle");
  ASSERT_EQ(many.status, 0) << many.text;
  arguments[4] = "6";
  Outcome few = runOnGpu("NacreFakeCuda", arguments, "idle");
  auto idle = [](const Outcome &outcome) { return outcome.text.substr(outcome.text.find("fake driver: idle")); };
  EXPECT_EQ(idle(many), idle(few)); // between two updates the GPU is not
}

TEST_F(Cuda, ALossThatIsNoNumberKeepsWhatHasBegunFromChangingAnything) {
  for (auto [binary, out] : {std::pair("NacreFakeBadUpdate", "cpu"), {"NacreFakeCudaBadUpdate", "gpu"}}) {
    Outcome outcome = runOnGpu(binary, {"train", "--data", "data", "--out", out});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.text.find("error: the loss of step 8 is not a number"), std::string::npos) << outcome.text;
  }
  for (const char *file : {"last.safetensors", "metrics.jsonl"}) {
    EXPECT_FALSE(read(folder / "cpu" / file).empty()) << file;
    EXPECT_EQ(read(folder / "cpu" / file), read(folder / "gpu" / file)) << file;
  }
}

TEST_F(Cuda, IsEmulatedToTheBitsOfTheProcessor) {
  ASSERT_EQ(train({"--out", "cpu"}).status, 0);
  for (const char *lanes : {"forward", "backward"}) {
    Outcome outcome =
        run("NacreFakeEmulated", {"train", "--data", "data", "--out", "gpu"}, [&] { setenv("NACRE_LANES", lanes, 1); });
    ASSERT_EQ(outcome.status, 0) << outcome.text;
    EXPECT_NE(outcome.text.find("emulated GPU"), std::string::npos) << outcome.text;
    expectSameFiles("cpu", "gpu");
  }
}

TEST_F(Cuda, AccumulatesToTheBitsOfTheProcessor) {
  std::vector<std::string> arguments = {"train", "--data", "data", "--steps", "9", "--out"};
  auto with = [&](const char *out) {
    std::vector<std::string> all = arguments;
    return all.push_back(out), all;
  };
  ASSERT_EQ(run("NacreFakeAccumulating", with("cpu")).status, 0);
  Outcome outcome = runOnGpu("NacreFakeCudaAccumulating", with("gpu"));
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  EXPECT_EQ(read(folder / "cpu/last.safetensors"), read(folder / "gpu/last.safetensors"));
  EXPECT_EQ(read(folder / "cpu/metrics.jsonl"), read(folder / "gpu/metrics.jsonl"));
}

TEST_F(Cuda, GoesOnWhereTheProcessorStopped) {
  ASSERT_EQ(train({"--out", "whole"}).status, 0);
  ASSERT_EQ(train({"--out", "parts", "--steps", "20"}).status, 0);
  Outcome outcome = runOnGpu("NacreFakeCuda", {"train", "--data", "data", "--resume", "parts/last.safetensors"});
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  EXPECT_EQ(read(folder / "whole/last.safetensors"), read(folder / "parts/last.safetensors"));
  EXPECT_EQ(read(folder / "whole/metrics.jsonl"), read(folder / "parts/metrics.jsonl"));
}

TEST_F(Cuda, EvaluatesExportsAndStepsLikeTheProcessor) {
  ASSERT_EQ(train({"--out", "run", "--steps", "13"}).status, 0);
  std::vector<std::string> eval = {"eval", "--checkpoint", "run/last.safetensors", "--data", "data", "--json"};
  EXPECT_EQ(runOnGpu("NacreFakeCuda", eval).text, run("NacreFakeModel", eval).text);
  for (auto [binary, out] : {std::pair("NacreFakeModel", "cpu"), {"NacreFakeCuda", "gpu"}}) {
    ASSERT_EQ(runOnGpu(binary, {"export", "--checkpoint", "run/last.safetensors", "--out", out}).status, 0);
    ASSERT_EQ(runOnGpu(binary, {"step", "--entry", "init", "--out", std::string(out) + ".init"}).status, 0);
  }
  EXPECT_EQ(read(folder / "cpu"), read(folder / "gpu"));
  EXPECT_EQ(read(folder / "cpu.init"), read(folder / "gpu.init"));
}

TEST_F(Cuda, BenchTimesLaunchesByTheGpusClock) {
  Outcome outcome = runOnGpu("NacreFakeCuda", {"bench", "--steps", "5", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  auto json = nlohmann::json::parse(outcome.text);
  EXPECT_EQ(json["device"], "Fake GPU");
  EXPECT_EQ(json["kernels"].size(), 5u);
  EXPECT_EQ(json["launches"].size(), 6u);
  for (const nlohmann::json &launch : json["launches"])
    EXPECT_DOUBLE_EQ(launch["ms"], 0.5 * launch["calls"].get<double>()) << launch["label"];
  EXPECT_DOUBLE_EQ(json["peak_gflops"], 128 * 1e6 * 1000 / 1e9); // all attributes of the fake are 1000
}

TEST_F(Cuda, FailuresOfTheMachineAreOneMessage) {
  std::vector<std::string> bench = {"bench", "--json"};
  expectMessage(runOnGpu("NacreFakeCuda", bench, "no-device"), 1,
                "driver finds none. A binary built with --target cpu");
  expectMessage(runOnGpu("NacreFakeCuda", bench, "old-driver"), 1, "cannot compile this binary's kernels");
  expectMessage(runOnGpu("NacreFakeCuda", bench, "small"), 1,
                "this GPU has 2.0 GiB, of which 1.0 are free: choose a sm");
  expectMessage(runOnGpu("NacreFakeCuda", bench, "sm_75"), 1,
                "built for GPUs of sm_80, this one (Fake GPU) is of sm_75: build it with --target cuda:sm_75");
}

TEST_F(Cuda, WithoutADriverTheWayOutIsNamed) {
  write(folder / "libcuda.so.1", "no library");
  Outcome outcome = run("NacreFakeCuda", {"bench"}, [&] { setenv("LD_LIBRARY_PATH", folder.string().c_str(), 1); });
  expectMessage(outcome, 1, "needs a GPU and NVIDIA's driver, which this machine lacks");
}

TEST_F(Cuda, AFaultOfAKernelIsOurs) {
  expectMessage(runOnGpu("NacreFakeCuda", {"bench", "--json"}, "fault"), 3,
                "the entry \"train\" fails on the GPU: an illegal memory access");
}

TEST_F(Cuda, WhatNeedsNoGpuWorksWithoutADriver) {
  expectMessage(run("NacreFakeCuda", {"gradcheck"}), 1, "gradients are checked by a binary for the CPU");
  Outcome info = run("NacreFakeCuda", {"info", "--json"});
  ASSERT_EQ(info.status, 0) << info.text;
  EXPECT_EQ(nlohmann::json::parse(info.text)["target"], "cuda:sm_80");
}

/// The tool that compares and times binaries on a machine with a GPU, on one that has none.
class GpuCheck : public Cuda {
protected:
  Outcome check(const std::string &cpuModel, const char *drivers) {
    std::filesystem::path models = FAKE_MODELS, pairs = folder / "pairs";
    std::filesystem::create_directory(pairs);
    std::filesystem::copy_file(models / "NacreFakeCuda", pairs / "net.cuda");
    std::filesystem::copy_file(models / cpuModel, pairs / "net.cpu");
    std::string command = fmt::format("cd '{}' && LD_LIBRARY_PATH='{}' FAKE_CUDA= '{}' pairs --no-torch >table 2>&1",
                                      folder.string(), drivers, GPU_CHECK);
    int status = std::system(command.c_str());
    return {WEXITSTATUS(status), read(folder / "table")};
  }
};

TEST_F(GpuCheck, ComparesBinariesAndTimesKernels) {
  Outcome outcome = check("NacreFakeModel", FAKE_CUDA_FOLDER);
  EXPECT_EQ(outcome.status, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("| net | f32 | 8 | 0.0e+00 | 0.0e+00 | yes |"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("| forward | 2 | 1.000 |"), std::string::npos) << outcome.text;
}

TEST_F(GpuCheck, FindsAStepThatIsAnother) {
  Outcome outcome = check("NacreFakeAccumulating", FAKE_CUDA_FOLDER);
  EXPECT_EQ(outcome.status, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("**the gradient of step 1 is off by"), std::string::npos) << outcome.text;
}

TEST_F(GpuCheck, WithoutAGpuSaysSo) {
  write(folder / "libcuda.so.1", "no library");
  Outcome outcome = check("NacreFakeModel", folder.c_str());
  EXPECT_EQ(outcome.status, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("this binary needs a GPU"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("gpu-check: 1 of 1 nets failed"), std::string::npos) << outcome.text;
}

TEST(CudaUploads, LeaveMemoryAloneUntilItIsCopied) {
  // The driver is found where it is loaded already.
  ASSERT_TRUE(dlopen(FAKE_CUDA_FOLDER "/libcuda.so.1", RTLD_NOW | RTLD_GLOBAL)) << dlerror();
  constexpr int64_t size = 12 << 20;
  cuda::Gpu gpu(cuda::architectureOf("cuda:sm_80"));
  auto stream = cuda::make<cuda::OwnedStream>(cuda::driver().streamCreate, 0);
  cuda::OwnedMemory memory = gpu.allocate(size, stream.get());
  std::vector<char> expected(size), found(size);
  {
    cuda::Uploads uploads(stream.get());
    KeyedRandom random(1);
    for (int i = 0; i < 60; ++i) {
      int64_t bytes = random.below(i % 7 == 0 ? 3 << 20 : 300 << 10), offset = random.below(size - bytes);
      std::memset(uploads.stage(memory.get() + offset, bytes), i, bytes);
      std::memset(expected.data() + offset, i, bytes);
    }
    uploads.send();
    cuda::driver().copyToHost(found.data(), memory.get(), size, stream.get());
    cuda::driver().streamSynchronize(stream.get());
  }
  EXPECT_EQ(found, expected);
}

TEST(CudaArchitecture, SaysWhichGpusRunCode) {
  auto plain = cuda::architectureOf("cuda:sm_80"), own = cuda::architectureOf("cuda:sm_90a");
  auto family = cuda::architectureOf("cuda:sm_100f");
  EXPECT_EQ(own.name(), "sm_90a");
  EXPECT_TRUE(plain.codeRunsOn(80) && plain.codeRunsOn(89) && !plain.codeRunsOn(90) && !plain.codeRunsOn(75));
  EXPECT_TRUE(plain.ptxRunsOn(90) && plain.ptxRunsOn(120) && !plain.ptxRunsOn(75));
  EXPECT_TRUE(own.codeRunsOn(90) && own.ptxRunsOn(90) && !own.ptxRunsOn(100) && !own.codeRunsOn(100));
  EXPECT_TRUE(family.codeRunsOn(103) && family.ptxRunsOn(103) && !family.ptxRunsOn(90) && !family.ptxRunsOn(120));
  EXPECT_EQ(cuda::architectureOf("cuda-emu").number, 0);
  auto several = cuda::architectureOf("cuda:sm_80,sm_90");
  EXPECT_EQ(several.name(), "sm_80");
}

TEST(CudaArchitecture, ChoosesTheImageThatWasMadeForTheGpu) {
  constexpr abi::Image images[] = {{"sm_80", {}, 0}, {"sm_86", {}, 0}, {"sm_90", {}, 0}};
  auto chosen = [&](int gpu) {
    const abi::Image *image = cuda::bestImage({images, 3}, gpu);
    return std::string(image ? image->architecture : "none");
  };
  EXPECT_EQ(chosen(75), "none");
  EXPECT_EQ(chosen(80), "sm_80");
  EXPECT_EQ(chosen(86), "sm_86");
  EXPECT_EQ(chosen(89), "sm_86");
  EXPECT_EQ(chosen(90), "sm_90");
  EXPECT_EQ(chosen(100), "none");
  constexpr abi::Image own[] = {{"sm_90a", {}, 0}};
  EXPECT_EQ(cuda::bestImage({own, 1}, 90), own);
  EXPECT_EQ(cuda::bestImage({own, 1}, 103), nullptr);
}

} // namespace
} // namespace nacre::runtime::test
