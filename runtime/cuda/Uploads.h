//===- Uploads.h - From the host's memory to the GPU's ----------*- C++ -*-===//
//
// Copies go on while the host works. What they read lies in pinned memory, in two
// halves: one is filled while copies from the other may still be under way.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/Driver.h"

namespace nacre::runtime::cuda {

class Uploads {
public:
  explicit Uploads(Stream stream) : stream(stream) {}

  /// Memory for `bytes` that the next call takes to `to`.
  char *stage(DevicePointer to, int64_t bytes);
  /// Takes what was staged last to its place, in the order of the stream.
  void send();

private:
  struct Half {
    OwnedHostMemory memory;
    int64_t size = 0, used = 0;
    OwnedEvent sent; ///< After the last copy from here.
  };

  Half &halfFor(int64_t bytes);

  Stream stream;
  Half halves[2];
  int current = 0;
  DevicePointer target = 0;
  char *staged = nullptr; ///< Null if nothing waits to be sent.
  int64_t stagedBytes = 0;
};

} // namespace nacre::runtime::cuda
