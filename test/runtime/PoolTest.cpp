//===- PoolTest.cpp - Worker threads --------------------------------------===//
//
// Every item once, phases in order, on any number of threads.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Pool.h"

#include <gtest/gtest.h>

namespace nacre::runtime {
namespace {

/// Adds 1 to each item's cell, provided that the phase before has made all of them args[0].
void count(char *arena, const int64_t *args, int64_t begin, int64_t end, char *) {
  auto *cells = reinterpret_cast<int64_t *>(arena);
  for (int64_t i = begin; i < end; ++i)
    cells[i] += cells[(i * 7 + 3) % args[1]] >= args[0] ? 1 : 1000;
}

TEST(Pool, RunsEveryItemOnceAndPhasesInOrder) {
  constexpr int64_t items = 1000, phases = 50;
  std::vector<std::array<int64_t, 2>> args;
  for (int64_t phase = 0; phase < phases; ++phase)
    args.push_back({phase, items});
  for (int threads : {1, 2, 3, 8}) {
    Pool pool(threads);
    Schedule schedule;
    for (int64_t phase = 0; phase < phases; ++phase)
      schedule.tasks.push_back({count, args[phase], items, /*parallel=*/phase % 3 != 2});
    for (int round = 0; round < 20; ++round) {
      std::vector<int64_t> cells(items, 0);
      pool.run(schedule, reinterpret_cast<char *>(cells.data()));
      EXPECT_EQ(cells, std::vector<int64_t>(items, phases));
    }
  }
}

TEST(Pool, TimesTasks) {
  Pool pool(2);
  int64_t args[] = {0, 10};
  Schedule schedule;
  schedule.tasks = {{count, args, 10, /*parallel=*/true}, {count, args, 10, /*parallel=*/false}};
  std::vector<int64_t> cells(10, 0);
  std::vector<double> seconds(2);
  pool.run(schedule, reinterpret_cast<char *>(cells.data()), seconds);
  EXPECT_GT(seconds[0], 0);
  EXPECT_GT(seconds[1], 0);
}

/// Marks its scratch memory and sees whether others write there.
void useScratch(char *arena, const int64_t *args, int64_t begin, int64_t end, char *scratch) {
  for (int64_t i = begin; i < end; ++i) {
    std::fill(scratch, scratch + args[0], static_cast<char>(i));
    bool same = std::all_of(scratch, scratch + args[0], [&](char c) { return c == static_cast<char>(i); });
    arena[i] = same && reinterpret_cast<uintptr_t>(scratch) % 64 == 0;
  }
}

TEST(Pool, GivesEachThreadItsOwnScratch) {
  Pool pool(4);
  for (int64_t bytes : {64, 10'000, 1'000'000}) {
    Schedule schedule;
    schedule.scratchBytes = bytes;
    schedule.tasks.push_back({useScratch, {&bytes, 1}, 200, /*parallel=*/true});
    std::vector<char> good(200, 0);
    pool.run(schedule, good.data());
    EXPECT_EQ(good, std::vector<char>(200, 1));
  }
}

} // namespace
} // namespace nacre::runtime
