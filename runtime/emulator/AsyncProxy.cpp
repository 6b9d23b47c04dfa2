//===- AsyncProxy.cpp - Shared memory as wgmma sees it --------------------===//

#include "runtime/emulator/AsyncProxy.h"

using namespace nacre::runtime::emulator;

void AsyncProxy::beginBlock(int64_t sharedBytes, int threads) {
  chunks.clear();
  grow(sharedBytes);
  fences.assign(threads, 0);
}

void AsyncProxy::grow(int64_t sharedBytes) { chunks.resize((sharedBytes + chunkBytes - 1) / chunkBytes); }

void AsyncProxy::wrote(int64_t offset, int64_t bytes, int thread) {
  for (int64_t chunk = offset / chunkBytes; chunk * chunkBytes < offset + bytes; ++chunk) {
    chunks[chunk].writer = thread;
    chunks[chunk].fences = fences[thread];
  }
}

int AsyncProxy::unfencedWriter(int64_t offset) const {
  const Chunk &chunk = chunks[offset / chunkBytes];
  return chunk.writer >= 0 && fences[chunk.writer] == chunk.fences ? chunk.writer : -1;
}

bool AsyncProxy::isRead(int64_t offset, int64_t bytes) const {
  for (int64_t chunk = offset / chunkBytes; chunk * chunkBytes < offset + bytes; ++chunk)
    if (chunks[chunk].readers)
      return true;
  return false;
}
