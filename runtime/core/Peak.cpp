//===- Peak.cpp - What this machine can do at most ------------------------===//
//
// The loops are kernels like any other, so they run on the pool as a model does.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Peak.h"

#include "runtime/core/Arena.h"

#include <algorithm>
#include <chrono>

namespace nacre::runtime {

namespace {

using Vector4 = float __attribute__((vector_size(16)));
using Vector8 = float __attribute__((vector_size(32)));
using Vector16 = float __attribute__((vector_size(64)));

constexpr int64_t iterations = 1 << 15; // of one item

/// Independent chains of multiply-adds, as many as hide the latency and fit the registers.
template <class Vector, int chains>
[[gnu::always_inline]] inline void multiplyAdd(char *to, int64_t begin, int64_t end) {
  Vector sums[chains];
  for (int i = 0; i < chains; ++i)
    sums[i] = Vector{} + static_cast<float>(i);
  Vector factor = Vector{} + 0.999f, term = Vector{} + 0.001f;
  for (int64_t n = (end - begin) * iterations; n > 0; --n)
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; ++i)
      sums[i] = __builtin_elementwise_fma(sums[i], factor, term);
  for (int i = 1; i < chains; ++i)
    sums[0] += sums[i];
  *reinterpret_cast<float *>(to) = sums[0][0];
}

constexpr int chainsBaseline = 8, chainsAvx2 = 12, chainsAvx512 = 24;

[[gnu::target("avx512f")]] void multiplyAddAvx512(char *, const int64_t *, int64_t begin, int64_t end, char *scratch) {
  multiplyAdd<Vector16, chainsAvx512>(scratch, begin, end);
}

[[gnu::target("avx2,fma")]] void multiplyAddAvx2(char *, const int64_t *, int64_t begin, int64_t end, char *scratch) {
  multiplyAdd<Vector8, chainsAvx2>(scratch, begin, end);
}

/// Without fused instructions a multiplication and an addition.
void multiplyAddBaseline(char *, const int64_t *, int64_t begin, int64_t end, char *scratch) {
  Vector4 sums[chainsBaseline] = {};
  Vector4 factor = Vector4{} + 0.999f, term = Vector4{} + 0.001f;
  for (int64_t n = (end - begin) * iterations; n > 0; --n)
    for (Vector4 &sum : sums)
      sum = sum * factor + term;
  for (Vector4 &sum : sums)
    sums[0] += sum;
  *reinterpret_cast<float *>(scratch) = sums[0][0];
}

constexpr int64_t pieceFloats = 1 << 14;

/// Writes one half of the arena from the other; args[0] is where the second half begins.
void scaleCopy(char *arena, const int64_t *args, int64_t begin, int64_t end, char *) {
  const auto *from = reinterpret_cast<const float *>(arena) + begin * pieceFloats;
  auto *to = reinterpret_cast<float *>(arena + args[0]) + begin * pieceFloats;
  for (int64_t i = 0; i < (end - begin) * pieceFloats; ++i)
    to[i] = from[i] * 1.5f;
}

/// The shortest time of a few runs.
double bestSeconds(Pool &pool, const Schedule &schedule, char *arena) {
  constexpr int runs = 4;
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    pool.run(schedule, arena);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

double measureFlops(Pool &pool) {
  abi::KernelFunction kernel = multiplyAddBaseline;
  double flopsPerIteration = 2 * 4 * chainsBaseline;
  if (__builtin_cpu_supports("avx512f"))
    kernel = multiplyAddAvx512, flopsPerIteration = 2 * 16 * chainsAvx512;
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    kernel = multiplyAddAvx2, flopsPerIteration = 2 * 8 * chainsAvx2;
  constexpr int64_t itemsPerThread = 64;
  Schedule schedule;
  schedule.scratchBytes = 64;
  schedule.tasks.push_back({kernel, {}, itemsPerThread * pool.threads(), /*parallel=*/true});
  double seconds = bestSeconds(pool, schedule, nullptr);
  return flopsPerIteration * iterations * itemsPerThread * pool.threads() / seconds;
}

double measureBandwidth(Pool &pool) {
  constexpr int64_t half = 64 << 20; // beyond the caches
  Arena arena(2 * half, "measuring the bandwidth");
  Schedule schedule;
  schedule.tasks.push_back(
      {scaleCopy, {&half, 1}, half / (pieceFloats * static_cast<int64_t>(sizeof(float))), /*parallel=*/true});
  return 2 * half / bestSeconds(pool, schedule, arena.data());
}

} // namespace

Peak measurePeak(Pool &pool) {
  constexpr double giga = 1e9;
  return {measureFlops(pool) / giga, measureBandwidth(pool) / giga};
}

} // namespace nacre::runtime
