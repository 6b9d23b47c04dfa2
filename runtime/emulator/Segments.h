//===- Segments.h - What comes before what ----------------------*- C++ -*-===//
//
// The time of a launch is cut into segments: what one thread does between two
// synchronisations. Segments are numbered as they begin; bytes of memory remember
// them by these numbers (Shadow.h). A barrier begins a new epoch, before which all
// earlier segments of the block lie. A synchronisation of a whole warp orders the
// segments of its lanes. One of some lanes makes them wait, but is not taken to order
// what they do. Nothing orders the blocks of a launch.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nacre::runtime::emulator {

/// The number of a segment, or of a group of segments that have read the same byte.
using Stamp = uint32_t;

constexpr int lanes = 32;

class Segments {
public:
  void beginLaunch();
  void beginBlock(int threads);
  void barrier();
  void syncWarp(int warp);

  Stamp now(int thread) const { return current[thread]; }
  /// Readers in several lanes of a warp since it was last synchronised; in several warps since the last barrier; in
  /// several blocks.
  Stamp readers(int warp) const { return warpReaders[warp]; }
  Stamp blockReaders() const { return epoch + perEpoch - 1; }
  Stamp launchReaders() const { return launchStart; }

  /// The first number of the launch, and of the current epoch.
  Stamp launch() const { return launchStart; }
  Stamp sinceBarrier() const { return epoch; }

  /// Whether all of a segment, or of a group, lies before what `thread` does now.
  bool ordered(Stamp earlier, int thread) const;
  /// The group of `readers`, which are not ordered before `thread`, and `thread`.
  Stamp merge(Stamp readers, int thread) const;
  /// Whose segment it is: "thread 3", "block 7".
  std::string describe(Stamp stamp) const;
  /// Whether there are numbers for one more block.
  bool exhausted() const { return next > limit; }
  void restart() { next = 1; }

private:
  struct Segment {
    int thread; ///< -1: several.
    int warp;   ///< -1: several.
  };

  static constexpr Stamp limit = Stamp(1) << 30;

  Stamp next = 1, launchStart = 0, blockStart = 0, epoch = 0;
  int threads = 0, perEpoch = 0;
  std::vector<Stamp> blockStarts;
  std::vector<Segment> segments; ///< Of this epoch.
  std::vector<Stamp> current;    ///< By thread.
  std::vector<Stamp> warpReaders, warpStart;
};

} // namespace nacre::runtime::emulator
