//===- Pool.cpp - Worker threads that run launches ------------------------===//
//
// Each thread first does its own share of a phase, the same items every time (so
// that what it wrote is still in its cache), and then helps the others.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Pool.h"

#include "runtime/core/FloatMode.h"

#include <algorithm>
#include <chrono>
#include <sched.h>

namespace nacre::runtime {

namespace {

/// About 20 microseconds: longer than a balanced phase leaves threads apart, shorter than it takes to notice when the
/// system has put two of them on one processor.
constexpr int shortWait = 400;

void pauseProcessor() { __builtin_ia32_pause(); }

/// Waits until `value` is no longer `old`: awake for a moment, then asleep.
void waitWhile(const std::atomic<int> &value, int old, int spins) {
  for (int i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != old)
      return;
    pauseProcessor();
  }
  while (value.load(std::memory_order_acquire) == old)
    value.wait(old, std::memory_order_acquire);
}

/// Lets those go on who wait for `value`. It is changed in one sequence with the count of sleepers that `notify_all`
/// reads: a plain store may still be on its way then, and whoever falls asleep meanwhile is neither counted nor sees
/// it.
void advance(std::atomic<int> &value) {
  value.fetch_add(1, std::memory_order_seq_cst);
  value.notify_all();
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

} // namespace

int availableThreads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

Pool::Pool(int threads) : lanes(std::max(1, threads)) {
  // Where threads share processors, a waiting one only keeps another from working.
  spins = threads <= availableThreads() ? shortWait : 0;
  for (int lane = 1; lane < this->threads(); ++lane)
    workers.emplace_back([this, lane] { work(lane); });
}

Pool::~Pool() {
  stopping = true;
  advance(generation);
  for (std::thread &worker : workers)
    worker.join();
}

void Pool::run(const Schedule &schedule, char *arenaBase, std::span<double> taskSeconds) {
  if (schedule.tasks.empty())
    return;
  FlushDenormals flush;
  growScratch(schedule.scratchBytes);
  current = &schedule;
  arena = arenaBase;
  seconds = taskSeconds;
  startPhase(Cursor(schedule));
  if (threads() > 1)
    advance(generation);
  runLane(0);
}

void Pool::work(int lane) {
  FlushDenormals flush;
  for (int seen = 0;; ++seen) {
    waitWhile(generation, seen, spins);
    if (stopping)
      return;
    runLane(lane);
  }
}

void Pool::runLane(int lane) {
  // After the last barrier the schedule may be gone: the cursor is at its end then.
  for (Cursor at(*current); !at.atEnd();) {
    bool timed = lane == 0 && at.task().parallel && !seconds.empty();
    double start = timed ? now() : 0;
    size_t task = at.index();
    if (at.task().parallel)
      runItems(lane, at);
    else
      runSerial(lane, at);
    finishPhase(at);
    if (timed)
      seconds[task] += now() - start;
  }
}

void Pool::runItems(int lane, Cursor &at) {
  const Task &task = at.task();
  const int64_t *args = at.args();
  int count = threads();
  for (int i = 0; i < count; ++i) {
    Lane &from = lanes[(lane + i) % count];
    // One's own share is taken in few large pieces; from others' only what they have not begun.
    int64_t piece = std::max<int64_t>(1, task.items / (count * (i == 0 ? 8 : 16)));
    while (from.next.load(std::memory_order_relaxed) < from.end) {
      int64_t begin = from.next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= from.end)
        break;
      task.function(arena, args, begin, std::min(begin + piece, from.end), lanes[lane].scratch);
    }
  }
  at.next();
}

/// Goes on to the next parallel task. The calling thread does what is on the way.
void Pool::runSerial(int lane, Cursor &at) {
  for (; !at.atEnd() && !at.task().parallel; at.next()) {
    if (lane != 0)
      continue;
    double start = seconds.empty() ? 0 : now();
    at.task().function(arena, at.args(), 0, at.task().items, lanes[0].scratch);
    if (!seconds.empty())
      seconds[at.index()] += now() - start;
  }
}

/// Shares out the items of the task that comes next.
void Pool::startPhase(const Cursor &next) {
  if (next.atEnd() || !next.task().parallel)
    return;
  int64_t items = next.task().items;
  int64_t count = threads();
  for (int64_t i = 0; i < count; ++i) {
    lanes[i].next.store(items * i / count, std::memory_order_relaxed);
    lanes[i].end = items * (i + 1) / count;
  }
}

/// The barrier. The last thread to arrive shares out the next phase before it lets the others go.
void Pool::finishPhase(const Cursor &next) {
  int count = threads();
  if (count == 1)
    return startPhase(next);
  int phase = passed.load(std::memory_order_relaxed);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 < count)
    return waitWhile(passed, phase, spins);
  arrived.store(0, std::memory_order_relaxed);
  startPhase(next);
  advance(passed);
}

void Pool::growScratch(int64_t bytes) {
  constexpr int64_t line = 64;
  int64_t stride = (bytes + 4095) / 4096 * 4096 + line; // the odd line keeps lanes out of each other's cache sets
  if (static_cast<int64_t>(scratch.size()) >= stride * threads() + line)
    return;
  scratch.assign(stride * threads() + line, 0);
  char *base = scratch.data() + (line - reinterpret_cast<uintptr_t>(scratch.data()) % line) % line;
  for (int i = 0; i < threads(); ++i)
    lanes[i].scratch = base + stride * i;
}

} // namespace nacre::runtime
