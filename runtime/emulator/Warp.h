//===- Warp.h - What the lanes of a warp do together ------------*- C++ -*-===//
//
// A lane that shuffles, votes or multiplies describes what it wants in a call on its
// own stack and waits; the last one to come serves all of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/Calls.h"
#include "runtime/emulator/Segments.h"

namespace nacre::runtime::emulator {

class Block;
struct WarpCall;

/// The calls of lanes that have met, by lane; null for lanes that take no part.
struct Meeting {
  Block &block;
  int warp;
  WarpCall *const *calls;
  uint32_t mask;

  /// Calls `visit(lane, call)` for every lane.
  template <typename Call, typename Visit> void forEach(const Visit &visit) const {
    for (int lane = 0; lane < lanes; ++lane)
      if (mask >> lane & 1)
        visit(lane, static_cast<Call &>(*calls[lane]));
  }
};

struct WarpCall {
  uint32_t mask;
  const char *site;
  void (*serve)(const Meeting &meeting);
};

int64_t shuffle(Shuffle kind, uint32_t mask, uint32_t value, int32_t offset, int32_t clamp, const char *site);
uint32_t vote(Vote kind, uint32_t mask, bool predicate, const char *site);
uint32_t reduce(Reduce kind, uint32_t mask, uint32_t value, const char *site);
void syncWarp(uint32_t mask, const char *site);

} // namespace nacre::runtime::emulator
