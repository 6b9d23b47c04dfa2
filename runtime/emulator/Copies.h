//===- Copies.h - Asynchronous copies under way -----------------*- C++ -*-===//
//
// Each thread has copies of its own, in groups, of which the latest ones may be left
// under way when it waits.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/Shadow.h"

#include <vector>

namespace nacre::runtime::emulator {

class Copies {
public:
  struct Copy {
    char *to;
    const char *from;
    int64_t bytes, readBytes;
    int thread;
    int64_t group;
    const char *site;
    char data[16]; ///< As it was when the copy began.
  };

  void beginBlock();
  /// Adds a copy to the open group of its thread; the stamp that bytes have until it ends.
  Stamp add(Copy copy);
  void commit(int thread);
  /// Takes those out that a thread must have seen end when it leaves the latest `groups` groups under way.
  std::vector<Copy> take(int thread, int64_t groups);
  std::vector<Copy> takeAll();
  const Copy &find(Stamp pending) const { return copies[pending & ~pendingBit]; }

private:
  struct Thread {
    int64_t group = 0; ///< The open one.
    std::vector<Stamp> pending;
  };

  Thread &of(int thread);

  std::vector<Copy> copies;
  std::vector<Stamp> unused; ///< Places in `copies`.
  std::vector<Thread> threads;
};

} // namespace nacre::runtime::emulator
