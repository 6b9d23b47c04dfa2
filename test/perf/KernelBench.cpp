//===- KernelBench.cpp - Share of the FMA peak that kernels reach ---------===//
//
// Convolution kernels with a GELU and an affine map on their operand and a bias on
// their result, one thread, beside the peak of multiply-adds measured in
// alternation. Prints medians.
//
//   kernel-bench [--repeats 9] [--bits 256] [--cpu x86-64-v3] [--only TEXT] [--objects FOLDER]
//                [--batch 1: that the operands stay in caches]
//
//===----------------------------------------------------------------------===//

#include "ConvNests.h"
#include "KernelRunner.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <immintrin.h>

using namespace nacre::test;

namespace {

/// Of this thread alone: others may run on the machine.
double seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

constexpr int peakTurns = 500000, peakChains = 10;

#define PEAK(NAME, TARGET, VECTOR, SET, FMA, LANES)                                                                    \
  __attribute__((target(TARGET))) double NAME() {                                                                      \
    VECTOR sums[peakChains], a = SET(1.000001f), b = SET(1e-9f);                                                       \
    for (auto &sum : sums)                                                                                             \
      sum = SET(1.0f);                                                                                                 \
    double start = seconds();                                                                                          \
    for (int turn = 0; turn < peakTurns; ++turn)                                                                       \
      for (auto &sum : sums)                                                                                           \
        asm volatile("vfmadd213ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));                                           \
    return 2.0 * LANES * peakTurns * peakChains / (seconds() - start);                                                 \
  }
PEAK(peak512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, 16)
PEAK(peak256, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, 8)
#undef PEAK

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Options {
  int repeats = 9;
  int64_t batch = 0;
  unsigned bits = 0;
  std::string cpu, only, objects;
};

double peak(const Options &options) {
  return options.bits == 256 || !__builtin_cpu_supports("avx512f") ? peak256() : peak512();
}

/// Seconds of one run of all items.
double timeOf(const KernelRunner::Launch &launch, Bytes &arena, char *scratch) {
  double start = seconds();
  launch.function(arena.data(), launch.args.data(), 0, launch.items, scratch);
  return seconds() - start;
}

void bench(const std::string &name, const std::string &nest, const Options &options) {
  if (name.find(options.only) == std::string::npos)
    return;
  KernelRunner runner(nest, {options.bits, options.cpu});
  if (!options.objects.empty())
    std::ofstream(options.objects + "/" + name + ".o") << runner.objects()[0].text;
  KernelRunner::Launch launch = runner.launches()[0];
  std::vector<Elements> inputs = randomInputs(launch);
  Bytes arena = runner.makeArena(launch, inputs, {});
  Scratch scratch(launch);
  timeOf(launch, arena, scratch.data());
  std::vector<double> times, peaks, shares;
  for (int i = 0; i < options.repeats; ++i) {
    double before = peak(options), found = timeOf(launch, arena, scratch.data()), after = peak(options);
    times.push_back(found);
    peaks.push_back((before + after) / 2);
    shares.push_back(launch.flops / found / peaks.back());
  }
  double least = *std::min_element(times.begin(), times.end()), highest = *std::max_element(peaks.begin(), peaks.end());
  std::printf("%-32s %6.1f GFLOP/s of %3.0f, %5.1f %% (best of best %5.1f %%), %.2f ms\n", name.c_str(),
              launch.flops / median(times) / 1e9, median(peaks) / 1e9, 100 * median(shares),
              100 * launch.flops / least / highest, 1e3 * median(times));
}

/// The convolution that the input gradient of a strided one is.
ConvCase inputGradientOf(ConvCase c) {
  ConvCase gradient = c;
  std::swap(gradient.c, gradient.k);
  gradient.h = c.p();
  gradient.w = c.q();
  gradient.stride = {1, 1};
  gradient.spread = c.stride;
  gradient.low = {c.r - 1 - c.low[0], c.s - 1 - c.low[1]};
  gradient.high = {0, 0};
  gradient.high = {c.h - gradient.p(), c.w - gradient.q()};
  return gradient;
}

void benchShape(const std::string &name, const ConvCase &c, const Options &options) {
  bench(name + " forward", forwardNest(c), options);
  bench(name + " weights", weightGradientNest(c), options);
  if (c.stride[0] > 1)
    bench(name + " input", forwardNest(inputGradientOf(c)), options);
  bool isPlain = c.r == 3 && c.stride[0] == 1 && c.groups == 1 && c.c % 16 == 0 && c.k % 16 == 0;
  for (int64_t tile : {2, 4}) {
    ConvCase winograd = c;
    winograd.winograd = tile;
    std::string method = name + " F" + std::to_string(tile);
    if (!isPlain)
      continue;
    bench(method + " forward", forwardNest(winograd), options);
    bench(method + " weights", weightGradientNest(winograd), options);
  }
}

/// A square convolution of stride 1 or 2 that keeps the size, or halves it.
ConvCase convCase(int64_t n, int64_t c, int64_t k, int64_t size, int64_t window = 3, int64_t stride = 1) {
  int64_t pad = window / 2;
  ConvCase result{.n = n, .c = c, .k = k, .h = size, .w = size, .r = window, .s = window};
  result.stride = {stride, stride};
  result.low = result.high = {pad, pad};
  // As many as the compiler chooses.
  result.parts = std::clamp<int64_t>(n * result.p() * result.q() / 1024, 1, std::min<int64_t>(n, 16));
  return result;
}

ConvCase activated(ConvCase c) {
  c.hasActivation = true;
  return c;
}

/// As many groups, of plain operands.
ConvCase inGroups(ConvCase c, int64_t groups) {
  c.groups = groups;
  c.parts = 8;
  c.isPlain = true;
  return c;
}

std::string nameOf(const ConvCase &c) {
  std::string window = std::to_string(c.r);
  return window + "x" + window + " " + std::to_string(c.c) + "->" + std::to_string(c.k) + " @" + std::to_string(c.h) +
         (c.stride[0] > 1 ? " stride " + std::to_string(c.stride[0]) : "") +
         (c.groups > 1 ? " groups " + std::to_string(c.groups) : "") + (c.hasActivation ? " gelu" : "");
}

std::vector<ConvCase> cases() {
  return {convCase(64, 32, 32, 32), activated(convCase(64, 32, 32, 32)), convCase(64, 1, 32, 32),
          activated(convCase(64, 32, 1, 32)),
          // A ResNet-18.
          convCase(32, 3, 64, 32), convCase(32, 64, 64, 32), convCase(32, 128, 128, 16), convCase(32, 256, 256, 8),
          convCase(32, 512, 512, 4), convCase(32, 64, 128, 32, 3, 2), convCase(32, 128, 256, 16, 3, 2),
          convCase(32, 256, 512, 8, 3, 2), convCase(32, 64, 128, 32, 1, 2), convCase(32, 128, 256, 16, 1, 2),
          convCase(32, 256, 512, 8, 1, 2),
          // A ResNet-50.
          convCase(16, 64, 64, 32, 1), convCase(16, 64, 256, 32, 1), convCase(16, 256, 64, 32, 1),
          convCase(16, 256, 128, 32, 1), convCase(16, 128, 512, 16, 1), convCase(16, 512, 128, 16, 1),
          convCase(16, 512, 256, 16, 1), convCase(16, 256, 1024, 8, 1), convCase(16, 1024, 256, 8, 1),
          convCase(16, 1024, 512, 8, 1), convCase(16, 512, 2048, 4, 1), convCase(16, 2048, 512, 4, 1),
          convCase(16, 256, 512, 32, 1, 2), convCase(16, 512, 1024, 16, 1, 2), convCase(16, 1024, 2048, 8, 1, 2),
          convCase(16, 128, 128, 32, 3, 2), convCase(16, 256, 256, 16, 3, 2), convCase(16, 512, 512, 8, 3, 2),
          // Groups.
          inGroups(convCase(64, 64, 64, 32), 64), inGroups(convCase(64, 128, 128, 16), 32),
          inGroups(convCase(64, 256, 256, 8), 32), inGroups(convCase(64, 64, 64, 32), 4),
          inGroups(convCase(64, 128, 128, 16), 2)};
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    auto takes = [&](const char *name) { return !std::strcmp(argv[i], name) && i + 1 < argc; };
    if (takes("--repeats"))
      options.repeats = std::max(1, std::atoi(argv[++i]));
    else if (takes("--batch"))
      options.batch = std::atoi(argv[++i]);
    else if (takes("--bits"))
      options.bits = unsigned(std::atoi(argv[++i]));
    else if (takes("--cpu"))
      options.cpu = argv[++i];
    else if (takes("--only"))
      options.only = argv[++i];
    else if (takes("--objects"))
      options.objects = argv[++i];
  }
  for (ConvCase c : cases()) {
    c.n = options.batch ? options.batch : c.n;
    c.parts = std::min(c.parts, c.n);
    benchShape(nameOf(c), c, options);
  }
  return 0;
}
