//===- Uploads.cpp - From the host's memory to the GPU's ------------------===//
//
// A half that is full is left until the copies from it have ended.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/Uploads.h"

namespace nacre::runtime::cuda {

static constexpr unsigned untimed = 2; // events that only order

char *Uploads::stage(DevicePointer to, int64_t bytes) {
  send();
  Half &half = halfFor(bytes);
  constexpr int64_t alignment = 256;
  target = to;
  staged = static_cast<char *>(half.memory.get()) + half.used;
  stagedBytes = bytes;
  half.used += (bytes + alignment - 1) / alignment * alignment;
  return staged;
}

void Uploads::send() {
  if (!staged)
    return;
  driver().copyToDevice(target, staged, stagedBytes, stream);
  driver().eventRecord(halves[current].sent.get(), stream);
  staged = nullptr;
}

/// The half with room for `bytes`.
Uploads::Half &Uploads::halfFor(int64_t bytes) {
  if (halves[current].used + bytes <= halves[current].size)
    return halves[current];
  current = 1 - current;
  Half &half = halves[current];
  if (half.sent.get())
    driver().eventSynchronize(half.sent.get());
  else
    half.sent = make<OwnedEvent>(driver().eventCreate, untimed);
  half.used = 0;
  if (bytes > half.size) {
    constexpr int64_t roomForOthers = 1 << 20;
    half.memory = OwnedHostMemory();
    half.size = bytes + roomForOthers;
    half.memory = make<OwnedHostMemory>(driver().hostAllocate, half.size);
  }
  return half;
}

} // namespace nacre::runtime::cuda
