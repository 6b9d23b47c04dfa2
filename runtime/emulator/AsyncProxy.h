//===- AsyncProxy.h - Shared memory as wgmma sees it ------------*- C++ -*-===//
//
// Instructions that read shared memory on their own reach it another way than threads
// do (PTX ISA, "Proxies"). They see what a thread has written once that thread has put
// a fence behind it, and what they read must stay until they have been waited for. Both
// are known for chunks of 16 bytes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <vector>

namespace nacre::runtime::emulator {

class AsyncProxy {
public:
  static constexpr int64_t chunkBytes = 16;

  void beginBlock(int64_t sharedBytes, int threads);
  /// The block has more memory.
  void grow(int64_t sharedBytes);

  void wrote(int64_t offset, int64_t bytes, int thread);
  void fence(int thread) { ++fences[thread]; }
  /// The thread that has written a chunk with no fence behind it; -1 if there is none.
  int unfencedWriter(int64_t offset) const;

  void beginRead(int64_t offset) { ++chunks[offset / chunkBytes].readers; }
  void endRead(int64_t offset) { --chunks[offset / chunkBytes].readers; }
  /// Whether any of some bytes is still read.
  bool isRead(int64_t offset, int64_t bytes) const;

private:
  struct Chunk {
    int32_t readers = 0, writer = -1;
    int64_t fences = 0; ///< Of the writer, when it wrote.
  };

  std::vector<Chunk> chunks;
  std::vector<int64_t> fences; ///< By thread.
};

} // namespace nacre::runtime::emulator
