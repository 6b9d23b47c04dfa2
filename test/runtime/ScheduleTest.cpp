//===- ScheduleTest.cpp - The walk over tasks and loops -------------------===//
//
// Every task in its order, as often as its loops say, with arguments that move.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Schedule.h"

#include <gtest/gtest.h>

namespace nacre::runtime {
namespace {

/// A task is told by its number of items.
Task task(int64_t items) { return {nullptr, {}, items, false}; }

std::vector<int64_t> walk(const Schedule &schedule) {
  std::vector<int64_t> items;
  for (Cursor at(schedule); !at.atEnd(); at.next()) {
    EXPECT_EQ(&at.task(), &schedule.tasks[at.index()]);
    items.push_back(at.task().items);
  }
  return items;
}

using Items = std::vector<int64_t>;

TEST(Schedule, OfNothingEndsAtOnce) { EXPECT_TRUE(Cursor(Schedule()).atEnd()); }

TEST(Schedule, RunsTasksOnceWithoutLoops) { EXPECT_EQ(walk({{task(1), task(2)}, {}}), (Items{1, 2})); }

TEST(Schedule, RepeatsALoopInTheMiddle) {
  EXPECT_EQ(walk({{task(1), task(2), task(3), task(4)}, {{1, 3, 2}}}), (Items{1, 2, 3, 2, 3, 4}));
}

TEST(Schedule, RepeatsLoopsThatFollowEachOther) {
  EXPECT_EQ(walk({{task(1), task(2)}, {{0, 1, 3}, {1, 2, 2}}}), (Items{1, 1, 1, 2, 2}));
}

TEST(Schedule, RepeatsLoopsThatBeginAndEndTogether) {
  EXPECT_EQ(walk({{task(1), task(2)}, {{0, 2, 2}, {0, 2, 1}, {0, 1, 2}, {1, 2, 2}}}), (Items{1, 1, 2, 2, 1, 1, 2, 2}));
}

TEST(Schedule, MovesArgumentsWithEveryLoopAround) {
  const int64_t args[] = {100, 200, 7}, advance[] = {10, 0, 0, 1, -1, 0};
  Schedule schedule{{{nullptr, args, 1, false, advance}}, {{0, 1, 2}, {0, 1, 3}}};
  std::vector<std::vector<int64_t>> seen;
  for (Cursor at(schedule); !at.atEnd(); at.next())
    seen.emplace_back(at.args(), at.args() + 3);
  EXPECT_EQ(seen, (std::vector<std::vector<int64_t>>{
                      {100, 200, 7}, {101, 199, 7}, {102, 198, 7}, {110, 200, 7}, {111, 199, 7}, {112, 198, 7}}));
}

TEST(Schedule, LeavesArgumentsWhereTheyAreIfNoneMoves) {
  const int64_t args[] = {100};
  Schedule schedule{{{nullptr, args, 1, false}}, {{0, 1, 2}}};
  for (Cursor at(schedule); !at.atEnd(); at.next())
    EXPECT_EQ(at.args(), args);
}

} // namespace
} // namespace nacre::runtime
