//===- KernelBench.cpp - Share of the FMA peak that kernels reach ---------===//
//
// Convolution kernels with a GELU and an affine map on their operand and a bias on
// their result, one thread, beside the peak of multiply-adds measured in
// alternation. Prints medians.
//
//   kernel-bench [--repeats 9] [--bits 256] [--cpu x86-64-v3] [--only TEXT] [--objects FOLDER]
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
  unsigned bits = 0;
  std::string cpu, only, objects;
};

double peak(const Options &options) {
  return options.bits == 256 || !__builtin_cpu_supports("avx512f") ? peak256() : peak512();
}

/// Seconds of one run of all items.
double timeOf(const KernelRunner::Launch &launch, std::vector<char> &arena, char *scratch) {
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
  std::vector<char> arena = runner.makeArena(launch, inputs, {});
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

void benchShape(const std::string &name, const ConvCase &c, const Options &options) {
  bench(name + " forward", forwardNest(c), options);
  bench(name + " weights", weightGradientNest(c), options);
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

} // namespace

int main(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    auto takes = [&](const char *name) { return !std::strcmp(argv[i], name) && i + 1 < argc; };
    if (takes("--repeats"))
      options.repeats = std::max(1, std::atoi(argv[++i]));
    else if (takes("--bits"))
      options.bits = unsigned(std::atoi(argv[++i]));
    else if (takes("--cpu"))
      options.cpu = argv[++i];
    else if (takes("--only"))
      options.only = argv[++i];
    else if (takes("--objects"))
      options.objects = argv[++i];
  }
  benchShape("32->32 @32, plain", {.n = 64, .c = 32, .k = 32, .h = 32, .w = 32, .parts = 8}, options);
  benchShape("32->32 @32", {.n = 64, .c = 32, .k = 32, .h = 32, .w = 32, .parts = 8, .hasActivation = true}, options);
  benchShape("1->32 @32", {.n = 64, .c = 1, .k = 32, .h = 32, .w = 32, .parts = 8}, options);
  benchShape("32->1 @32", {.n = 64, .c = 32, .k = 1, .h = 32, .w = 32, .parts = 8, .hasActivation = true}, options);
  benchShape("64->64 @32", {.n = 64, .c = 64, .k = 64, .h = 32, .w = 32, .parts = 8}, options);
  benchShape("128->128 @16", {.n = 64, .c = 128, .k = 128, .h = 16, .w = 16, .parts = 8}, options);
  benchShape("256->256 @8", {.n = 64, .c = 256, .k = 256, .h = 8, .w = 8, .parts = 8}, options);
  benchShape("512->512 @4, 32 images", {.n = 32, .c = 512, .k = 512, .h = 4, .w = 4, .parts = 1}, options);
  benchShape("512->512 @4", {.n = 64, .c = 512, .k = 512, .h = 4, .w = 4, .parts = 1}, options);
  benchShape("64->128 @32 stride 2", {.n = 64, .c = 64, .k = 128, .h = 32, .w = 32, .stride = {2, 2}, .parts = 8},
             options);
  benchShape("64 groups of 1->1 @32",
             {.n = 64, .c = 64, .k = 64, .h = 32, .w = 32, .parts = 8, .groups = 64, .isPlain = true}, options);
  benchShape("32 groups of 4->4 @16",
             {.n = 64, .c = 128, .k = 128, .h = 16, .w = 16, .parts = 8, .groups = 32, .isPlain = true}, options);
  benchShape("32 groups of 8->8 @8",
             {.n = 64, .c = 256, .k = 256, .h = 8, .w = 8, .parts = 8, .groups = 32, .isPlain = true}, options);
  benchShape("4 groups of 16->16 @32",
             {.n = 64, .c = 64, .k = 64, .h = 32, .w = 32, .parts = 8, .groups = 4, .isPlain = true}, options);
  benchShape("2 groups of 64->64 @16",
             {.n = 64, .c = 128, .k = 128, .h = 16, .w = 16, .parts = 8, .groups = 2, .isPlain = true}, options);
  return 0;
}
