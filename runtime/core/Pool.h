//===- Pool.h - Worker threads that run launches ----------------*- C++ -*-===//
//
// All threads walk through a schedule together, in phases: the items of a parallel
// task are shared out, serial tasks between two of these are done by the calling
// thread, and a barrier ends each phase. Items write disjoint results, so neither
// the number of threads nor the order of items shows in them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/core/Schedule.h"

namespace nacre::runtime {

class Pool {
public:
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  int threads() const { return static_cast<int>(lanes.size()); }

  /// Runs `schedule`; if `seconds` is given, adds the time of task i, in all its turns, to seconds[i].
  void run(const Schedule &schedule, char *arena, std::span<double> seconds = {});

private:
  /// What one thread owns: its share of the running phase, and scratch memory.
  struct alignas(64) Lane {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
    char *scratch = nullptr;
  };

  void work(int lane);
  void runLane(int lane);
  void runItems(int lane, Cursor &at);
  void runSerial(int lane, Cursor &at);
  void startPhase(const Cursor &next);
  void finishPhase(const Cursor &next);
  void growScratch(int64_t bytes);

  std::vector<Lane> lanes;
  std::vector<std::thread> workers;
  std::vector<char> scratch;
  int spins;

  const Schedule *current = nullptr;
  char *arena = nullptr;
  std::span<double> seconds;
  bool stopping = false;
  alignas(64) std::atomic<int> generation{0}; ///< runs begun
  alignas(64) std::atomic<int> arrived{0};    ///< threads at the barrier
  alignas(64) std::atomic<int> passed{0};     ///< barriers passed
};

/// The number of processors this process may use.
int availableThreads();

} // namespace nacre::runtime
