//===- Uploads.h - From the host's memory to the GPU's ----------*- C++ -*-===//
//
// Copies go on while the host works. What they read lies in pinned memory, in two
// halves: one is filled while copies from the other may still be under way. Large ones
// come while kernels run, too: by a stream of their own to memory beside the arena, and
// from there to their place in the order of the kernels.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/Driver.h"

namespace nacre::runtime::cuda {

class Uploads {
public:
  /// For a GPU that works in the order of `stream`.
  explicit Uploads(Stream stream) : stream(stream), copies(make<OwnedStream>(driver().streamCreate, nonBlocking)) {}

  /// Memory for `bytes` that the next call takes to `to`.
  char *stage(DevicePointer to, int64_t bytes);
  /// Takes what was staged last to its place, in the order of the stream.
  void send();

private:
  struct Half {
    OwnedHostMemory memory;
    OwnedMemory onGpu; ///< As large; null if large copies go straight to their place.
    int64_t size = 0, used = 0;
    OwnedEvent arrived; ///< After the last copy to the GPU's half.
    OwnedEvent sent;    ///< After the last copy from here to its place.
  };

  Half &halfFor(int64_t bytes);
  static void resize(Half &half, int64_t size);

  Stream stream;
  OwnedStream copies;
  Half halves[2];
  int current = 0;
  DevicePointer target = 0;
  char *staged = nullptr; ///< Null if nothing waits to be sent.
  int64_t stagedBytes = 0;
};

} // namespace nacre::runtime::cuda
