//===- Schedule.h - What a pool runs ----------------------------*- C++ -*-===//
//
// The launches of an entry, ready to run: tasks in their order, and loops over
// them. A cursor walks over the tasks as often as they are run, and knows their
// arguments each time.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/ABI.h"

namespace nacre::runtime {

/// One launch, with what each call of its kernel needs.
struct Task {
  abi::KernelFunction function;
  std::span<const int64_t> args;
  int64_t items;
  bool parallel; ///< Whether the threads share the items.
  /// What each turn of the loops around adds to each argument, the outermost loop first; empty for nothing.
  std::span<const int64_t> advance = {};
};

/// Tasks `first` .. `end` - 1, so many times.
struct Loop {
  size_t first, end;
  int64_t steps;
};

struct Schedule {
  std::vector<Task> tasks;
  std::vector<Loop> loops; ///< None empty; an outer one before those in it.
  int64_t scratchBytes = 0;
};

/// A place on the walk over the tasks. At the end of it, the schedule is not looked at any more.
class Cursor {
public:
  explicit Cursor(const Schedule &schedule);

  bool atEnd() const { return current == nullptr; }
  const Task &task() const { return *current; }
  size_t index() const { return at; }
  /// The arguments of the task in this turn, until the next call.
  const int64_t *args();
  void next();

private:
  /// A loop that has begun.
  struct Turn {
    size_t loop;
    int64_t number;
  };

  void arrive();

  const Schedule &schedule;
  const Task *current = nullptr;
  size_t at = 0, nextLoop = 0;
  std::vector<Turn> turns; ///< The outermost first.
  std::vector<int64_t> moved;
};

} // namespace nacre::runtime
