//===- Schedule.cpp - What a pool runs ------------------------------------===//
//
// The walk over tasks and loops.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Schedule.h"

namespace nacre::runtime {

Cursor::Cursor(const Schedule &schedule) : schedule(schedule) { arrive(); }

const int64_t *Cursor::args() {
  if (current->advance.empty())
    return current->args.data();
  moved.assign(current->args.begin(), current->args.end());
  const int64_t *advance = current->advance.data();
  for (auto [loop, number] : turns)
    for (int64_t &arg : moved)
      arg += number * *advance++;
  return moved.data();
}

void Cursor::next() {
  ++at;
  while (!turns.empty()) {
    Turn &turn = turns.back();
    const Loop &loop = schedule.loops[turn.loop];
    if (at < loop.end)
      break;
    if (++turn.number < loop.steps) {
      at = loop.first;
      nextLoop = turn.loop + 1;
      break;
    }
    turns.pop_back();
  }
  arrive();
}

/// Begins the loops that start here.
void Cursor::arrive() {
  current = at < schedule.tasks.size() ? &schedule.tasks[at] : nullptr;
  for (; nextLoop < schedule.loops.size() && schedule.loops[nextLoop].first == at; ++nextLoop)
    turns.push_back({nextLoop, 0});
}

} // namespace nacre::runtime
