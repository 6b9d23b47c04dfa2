//===- Memory.h - What a kernel may touch, and how --------------*- C++ -*-===//
//
// The arena and the shared memory of a block. Every access is checked before it is
// made: that it lies inside, that it is aligned, and that no other thread may be at
// the same bytes at the same time.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/AsyncProxy.h"
#include "runtime/emulator/Copies.h"
#include "runtime/emulator/Emulator.h"
#include "runtime/emulator/Shadow.h"

namespace nacre::runtime::emulator {

struct Access {
  char *address;
  int64_t bytes, alignment;
  int thread;
  const char *site;
};

class Memory {
public:
  explicit Memory(const Segments &segments);

  void beginLaunch(const Emulator::Launch &launch);
  /// Shared memory is not what the block before left there.
  void beginBlock();
  void endBlock();
  /// Forgets all accesses.
  void clear();

  /// The shared memory of a kernel that declares so many bytes itself.
  char *shared(int64_t declared);

  void read(const Access &access);
  void write(const Access &access);

  /// Begins a copy to shared memory of `bytes`, of which the first `readBytes` come from `from` and the rest are zero.
  void copy(const Access &to, char *from, int64_t readBytes);
  void commitCopies(int thread) { copies.commit(thread); }
  /// Ends the copies of a thread but for the latest `groups` groups.
  void waitCopies(int thread, int64_t groups);

  /// The byte of shared memory that has these lowest bits of an address.
  char *sharedAt(int64_t bits);
  /// An instruction reads a chunk on its own, as long as `endAsyncRead` does not come.
  void beginAsyncRead(const Access &access);
  void endAsyncRead(const Access &access);
  void fenceProxy(int thread) { asyncProxy.fence(thread); }

private:
  /// A part of memory that accesses may lie in.
  struct Place {
    Shadow *shadow;
    int64_t offset;
    Stamp floor;
  };

  template <bool isWrite> void check(const Access &access);
  Place find(const Access &access, const char *verb);
  void noteWrite(const Access &access, int64_t offset);
  bool inBuffers(int64_t offset, int64_t bytes);
  [[noreturn]] void outside(const Access &access, const char *verb) const;
  [[noreturn]] void conflict(const Access &access, const char *verb, const Conflict &found, const Place &place) const;
  void finish(const Copies::Copy &copy, int thread);

  const Segments &segments;
  Shadow arenaShadow, sharedShadow;
  Pages sharedMemory;
  Copies copies;
  AsyncProxy asyncProxy;
  std::span<char> arena;
  std::span<const Emulator::Buffer> buffers;
  Emulator::Buffer lastBuffer = {};
  int64_t givenBytes = 0, sharedBytes = 0, threads = 0;
};

} // namespace nacre::runtime::emulator
