//===- MemoryPlan.h - Where buffers lie in an arena -------------*- C++ -*-===//
//
// Packs buffers of known size and lifetime into one arena: two that are alive at
// the same step never overlap. Plain C++; knows nothing of tensors.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nacre::host {

/// Every buffer begins on a cache line, and owns whole ones.
inline constexpr int64_t bufferAlignment = 64;

inline constexpr int64_t alignUp(int64_t bytes) {
  return (bytes + bufferAlignment - 1) / bufferAlignment * bufferAlignment;
}

/// Alive from step `first` (where it is written) to step `last` (where it is read for the last time), both included.
struct Lifetime {
  int64_t bytes = 0;
  int64_t first = 0, last = 0;
  /// Earlier buffers of which this one may take the place of one, if it dies at `first`: the step reads an element
  /// before it writes the element in its place. It is the first one of the same size that nobody else has taken.
  std::vector<size_t> over;
};

struct MemoryPlan {
  std::vector<int64_t> offsets; ///< By buffer, aligned.
  int64_t bytes = 0;            ///< Of the arena: the highest end of a buffer.
  int64_t bound = 0;            ///< The most bytes alive at one step: no plan is smaller, in-place reuse counted.
  int64_t peakStep = 0;         ///< The step where they are.
};

/// Places the buffers. The same input gives the same plan.
MemoryPlan planMemory(const std::vector<Lifetime> &buffers);

} // namespace nacre::host
