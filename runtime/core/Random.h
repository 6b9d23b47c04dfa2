//===- Random.h - Random numbers of the runtime -----------------*- C++ -*-===//
//
// Counter-based random numbers for data: the same key and position always give
// the same number, whichever thread asks.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace nacre::runtime {

inline uint64_t splitmix64(uint64_t x) {
  uint64_t z = x + 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// A stream of numbers that belongs to one key.
class KeyedRandom {
public:
  explicit KeyedRandom(uint64_t key) : state(splitmix64(key)) {}
  KeyedRandom(uint64_t key, uint64_t subkey) : state(splitmix64(splitmix64(key) ^ subkey)) {}

  uint64_t next() { return splitmix64(state += 0x9E3779B97F4A7C15); }
  /// Uniform in 0..bound-1.
  uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state;
};

} // namespace nacre::runtime
