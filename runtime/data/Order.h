//===- Order.h - The order in which an epoch sees the samples ---*- C++ -*-===//
//
// A permutation for each epoch that needs no memory: a Feistel network over the
// next power of four, walked until it lands inside.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Random.h"

namespace nacre::runtime {

class Order {
public:
  Order(int64_t count, int64_t seed) : count(count), seed(seed) {
    while ((int64_t(1) << (2 * halfBits)) < count)
      ++halfBits;
  }

  /// The sample at `position` (0..count-1) of an epoch.
  int64_t at(int64_t epoch, int64_t position) const {
    uint64_t key = splitmix64(static_cast<uint64_t>(seed)) ^ static_cast<uint64_t>(epoch);
    uint64_t index = position;
    do
      index = permute(index, key);
    while (index >= static_cast<uint64_t>(count));
    return static_cast<int64_t>(index);
  }

private:
  uint64_t permute(uint64_t index, uint64_t key) const {
    uint64_t mask = (uint64_t(1) << halfBits) - 1;
    uint64_t left = index >> halfBits, right = index & mask;
    constexpr int rounds = 6;
    for (int round = 0; round < rounds; ++round) {
      uint64_t mixed = splitmix64(splitmix64(key + round) ^ right) & mask;
      uint64_t next = left ^ mixed;
      left = right;
      right = next;
    }
    return left << halfBits | right;
  }

  int64_t count, seed;
  int halfBits = 1;
};

} // namespace nacre::runtime
