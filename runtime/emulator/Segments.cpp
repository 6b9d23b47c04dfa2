//===- Segments.cpp - What comes before what ------------------------------===//

#include "runtime/emulator/Segments.h"

#include <algorithm>
#include <fmt/format.h>

using namespace nacre::runtime::emulator;

void Segments::beginLaunch() {
  launchStart = next++;
  blockStarts.clear();
}

void Segments::beginBlock(int count) {
  int warps = (count + lanes - 1) / lanes;
  threads = count;
  perEpoch = threads + warps + 1;
  segments.clear();
  for (int thread = 0; thread < threads; ++thread)
    segments.push_back({thread, thread / lanes});
  for (int warp = 0; warp < warps; ++warp)
    segments.push_back({-1, warp});
  segments.push_back({-1, -1});
  current.resize(threads);
  warpReaders.resize(warps);
  warpStart.resize(warps);
  blockStart = next;
  blockStarts.push_back(next);
  barrier();
}

void Segments::barrier() {
  epoch = next;
  next += perEpoch;
  segments.resize(perEpoch);
  for (int thread = 0; thread < threads; ++thread)
    current[thread] = epoch + thread;
  for (size_t warp = 0; warp < warpStart.size(); ++warp) {
    warpStart[warp] = epoch;
    warpReaders[warp] = epoch + threads + warp;
  }
}

void Segments::syncWarp(int warp) {
  warpStart[warp] = next;
  int first = warp * lanes;
  for (int thread = first; thread < std::min(first + lanes, threads); ++thread) {
    segments.push_back({thread, warp});
    current[thread] = next++;
  }
  segments.push_back({-1, warp});
  warpReaders[warp] = next++;
}

bool Segments::ordered(Stamp earlier, int thread) const {
  if (earlier < launchStart)
    return true;
  if (earlier < blockStart)
    return false;
  if (earlier < epoch)
    return true;
  const Segment &segment = segments[earlier - epoch];
  return segment.thread == thread || (segment.warp == thread / lanes && earlier < warpStart[segment.warp]);
}

Stamp Segments::merge(Stamp readers, int thread) const {
  if (readers < blockStart)
    return launchReaders();
  int warp = thread / lanes;
  return segments[readers - epoch].warp == warp ? warpReaders[warp] : blockReaders();
}

std::string Segments::describe(Stamp stamp) const {
  if (stamp == launchStart)
    return "several blocks";
  if (stamp < blockStart)
    return fmt::format("block {}", std::ranges::upper_bound(blockStarts, stamp) - blockStarts.begin() - 1);
  const Segment &segment = segments[stamp - epoch];
  if (segment.thread >= 0)
    return fmt::format("thread {}", segment.thread);
  return segment.warp >= 0 ? fmt::format("several threads of warp {}", segment.warp) : "several threads";
}
