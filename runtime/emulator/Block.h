//===- Block.h - The threads of a block, taking turns -----------*- C++ -*-===//
//
// Each thread is a fiber. It runs until it has to wait, for the block at a barrier or
// for other lanes of its warp, and then gives way to the next one that need not.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/Fiber.h"
#include "runtime/emulator/Memory.h"
#include "runtime/emulator/Warpgroup.h"

#include <array>
#include <string>
#include <vector>

namespace nacre::runtime::emulator {

class Block {
public:
  explicit Block(LaneOrder order) : memory(segments), order(order) {}
  Block(const Block &) = delete;

  void beginLaunch(const Emulator::Launch &launch);
  /// Runs all threads to their ends.
  void run(int64_t number);

  /// The block whose thread is running.
  static Block &running() { return *current; }

  int thread() const { return at; }
  int64_t number() const { return index; }
  const Emulator::Launch &launch() const { return *launched; }

  // What the running thread does.
  void waitAtBarrier(int number, const char *site);
  /// Waits for the lanes of `call.mask` in its warp, which all do the same.
  void meet(WarpCall &call);
  /// Brings what the lanes of a warp have done before what they do next.
  void syncWarp(int warp, uint32_t mask);
  [[noreturn]] void endLaunch(std::string message);

private:
  enum class Status : uint8_t { Ready, AtBarrier, Meeting, Ended };

  struct Thread {
    Context context;
    Status status = Status::Ready;
    int barrier = 0;
    const char *site = ""; ///< Of what it waits for.
  };

  struct Warp {
    uint32_t all = 0, ready = 0;
    uint32_t come = 0;                        ///< Those that wait to meet others,
    std::array<WarpCall *, lanes> calls = {}; ///< and what they want.
  };

  static void runThread();
  void begin();
  int first() const { return order == LaneOrder::Forward ? 0 : threads.size() - 1; }
  int nextReady() const;
  /// Goes on with the next thread that can.
  void giveWay(Status status, const char *site);
  void goOn(int thread);
  void checkBarrier();
  void passBarrier();
  [[noreturn]] void stuck();
  std::string whereabouts(int thread) const;
  [[noreturn]] void raise(const std::string &what) const;

  static inline constinit thread_local Block *current = nullptr;

  Segments segments;

public:
  Memory memory;
  Warpgroups products;

private:
  LaneOrder order;
  const Emulator::Launch *launched = nullptr;
  int64_t index = 0;
  int at = 0, atBarrier = 0, ended = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  Stacks stacks;
  Context scheduler;
  std::string message; ///< Why the launch must end.
};

} // namespace nacre::runtime::emulator
