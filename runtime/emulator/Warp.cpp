//===- Warp.cpp - What the lanes of a warp do together --------------------===//

#include "runtime/emulator/Block.h"
#include "runtime/emulator/Fault.h"

#include <algorithm>
#include <bit>

using namespace nacre::runtime;
using namespace nacre::runtime::emulator;

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

namespace {

struct ShuffleCall : WarpCall {
  Shuffle kind;
  uint32_t value;
  int32_t offset, clamp;
  uint32_t result;
  bool valid;

  /// The lane to read from, as the instruction set defines it.
  int source(int lane) {
    int segment = clamp >> 8 & 31, bound = clamp & 31;
    int last = (lane & segment) | (bound & ~segment);
    int from = kind == Shuffle::Up          ? lane - offset
               : kind == Shuffle::Down      ? lane + offset
               : kind == Shuffle::Butterfly ? lane ^ offset
                                            : (lane & segment) | (offset & ~segment & 31);
    valid = kind == Shuffle::Up ? from >= last : from <= last;
    return valid ? from : lane;
  }
};

} // namespace

static void serveShuffle(const Meeting &meeting) {
  meeting.forEach<ShuffleCall>([&](int lane, ShuffleCall &call) {
    int from = call.source(lane);
    if (!(meeting.mask >> from & 1))
      fault("{} reads from lane {}, which takes no part in it", call.site, from);
    call.result = static_cast<ShuffleCall *>(meeting.calls[from])->value;
  });
}

int64_t emulator::shuffle(Shuffle kind, uint32_t mask, uint32_t value, int32_t offset, int32_t clamp,
                          const char *site) {
  ShuffleCall call{{mask, site, serveShuffle}, kind, value, offset & 31, clamp, 0, false};
  Block::running().meet(call);
  return int64_t(call.valid) << 32 | call.result;
}

//===----------------------------------------------------------------------===//
// Votes and reductions
//===----------------------------------------------------------------------===//

namespace {

struct VoteCall : WarpCall {
  Vote kind;
  bool predicate;
  uint32_t result;
};

struct ReduceCall : WarpCall {
  Reduce kind;
  uint32_t value, result;
};

} // namespace

static uint32_t count(Vote kind, uint32_t ballot, uint32_t mask) {
  switch (kind) {
  case Vote::Any:
    return ballot != 0;
  case Vote::All:
    return ballot == mask;
  case Vote::Ballot:
    return ballot;
  case Vote::Uniform:
    return ballot == mask || ballot == 0;
  }
  return 0;
}

static void serveVote(const Meeting &meeting) {
  uint32_t ballot = 0;
  meeting.forEach<VoteCall>([&](int lane, VoteCall &call) { ballot |= uint32_t(call.predicate) << lane; });
  meeting.forEach<VoteCall>([&](int, VoteCall &call) { call.result = count(call.kind, ballot, meeting.mask); });
}

uint32_t emulator::vote(Vote kind, uint32_t mask, bool predicate, const char *site) {
  VoteCall call{{mask, site, serveVote}, kind, predicate, 0};
  Block::running().meet(call);
  return call.result;
}

static uint32_t combine(Reduce kind, uint32_t a, uint32_t b) {
  switch (kind) {
  case Reduce::Add:
    return a + b;
  case Reduce::And:
    return a & b;
  case Reduce::Or:
    return a | b;
  case Reduce::Xor:
    return a ^ b;
  case Reduce::Max:
    return std::max(int32_t(a), int32_t(b));
  case Reduce::Min:
    return std::min(int32_t(a), int32_t(b));
  case Reduce::UMax:
    return std::max(a, b);
  case Reduce::UMin:
    return std::min(a, b);
  case Reduce::None:
    break;
  }
  return a;
}

static void serveReduce(const Meeting &meeting) {
  int first = std::countr_zero(meeting.mask);
  uint32_t sum = static_cast<ReduceCall *>(meeting.calls[first])->value;
  meeting.forEach<ReduceCall>([&](int lane, ReduceCall &call) {
    if (lane != first)
      sum = combine(call.kind, sum, call.value);
  });
  meeting.forEach<ReduceCall>([&](int, ReduceCall &call) { call.result = sum; });
}

uint32_t emulator::reduce(Reduce kind, uint32_t mask, uint32_t value, const char *site) {
  ReduceCall call{{mask, site, serveReduce}, kind, value, 0};
  Block::running().meet(call);
  return call.result;
}

//===----------------------------------------------------------------------===//
// Barriers of a warp
//===----------------------------------------------------------------------===//

static void serveSync(const Meeting &meeting) { meeting.block.syncWarp(meeting.warp, meeting.mask); }

void emulator::syncWarp(uint32_t mask, const char *site) {
  WarpCall call{mask, site, serveSync};
  Block::running().meet(call);
}
