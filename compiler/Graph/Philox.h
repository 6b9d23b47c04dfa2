//===- Philox.h - Counter-based random numbers ------------------*- C++ -*-===//
//
// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
// 3"), and how a draw is named: by seed, entry, stream, draw, time and position,
// so that it is the same wherever and whenever it is computed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>

namespace nacre::graph {

inline uint64_t splitmix64(uint64_t x) {
  uint64_t z = x + 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

inline std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// What names a sequence of draws, beside the position in it.
struct RandomStream {
  uint64_t stream, seed, entry, draw;
  int64_t time;

  /// Uniform in [0, 1), a multiple of 2^-24.
  double uniform(uint64_t position) const {
    uint64_t mix = stream ^ splitmix64(seed * 4 + entry), block = position >> 2;
    std::array<uint32_t, 4> words = philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                                                static_cast<uint32_t>(draw), static_cast<uint32_t>(time + 1)},
                                               {static_cast<uint32_t>(mix), static_cast<uint32_t>(mix >> 32)});
    return (words[position & 3] >> 8) * 0x1p-24;
  }
};

} // namespace nacre::graph
