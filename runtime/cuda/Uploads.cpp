//===- Uploads.cpp - From the host's memory to the GPU's ------------------===//
//
// A half that is full is left until the copies from it have ended.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/Uploads.h"

namespace nacre::runtime::cuda {

/// Bytes that are worth a copy more, and those for which the GPU has no memory to spare.
static constexpr int64_t leastBetween = 64 << 10, mostOnGpu = 256 << 20;

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
  Half &half = halves[current];
  if (half.onGpu.get() && stagedBytes >= leastBetween) {
    DevicePointer between = half.onGpu.get() + (staged - static_cast<char *>(half.memory.get()));
    driver().copyToDevice(between, staged, stagedBytes, copies.get());
    driver().eventRecord(half.arrived.get(), copies.get());
    driver().streamWait(stream, half.arrived.get(), 0);
    driver().copyOnDevice(target, between, stagedBytes, stream);
  } else {
    driver().copyToDevice(target, staged, stagedBytes, stream);
  }
  driver().eventRecord(half.sent.get(), stream);
  staged = nullptr;
}

/// The half with room for `bytes`.
Uploads::Half &Uploads::halfFor(int64_t bytes) {
  if (halves[current].used + bytes <= halves[current].size)
    return halves[current];
  current = 1 - current;
  Half &half = halves[current];
  if (half.sent.get()) {
    driver().eventSynchronize(half.sent.get());
  } else {
    half.sent = make<OwnedEvent>(driver().eventCreate, untimed);
    half.arrived = make<OwnedEvent>(driver().eventCreate, untimed);
  }
  half.used = 0;
  constexpr int64_t roomForOthers = 1 << 20;
  if (bytes > half.size)
    resize(half, bytes + roomForOthers);
  return half;
}

void Uploads::resize(Half &half, int64_t size) {
  half.memory = OwnedHostMemory();
  half.onGpu = OwnedMemory();
  half.size = size;
  half.memory = make<OwnedHostMemory>(driver().hostAllocate, size);
  DevicePointer memory = 0;
  if (size <= mostOnGpu && driver().memoryAllocate.attempt(&memory, size) == Status::Ok)
    half.onGpu = OwnedMemory(memory);
}

} // namespace nacre::runtime::cuda
