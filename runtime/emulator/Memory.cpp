//===- Memory.cpp - What a kernel may touch, and how ----------------------===//

#include "runtime/emulator/Memory.h"
#include "runtime/emulator/Fault.h"

#include <cstring>

using namespace nacre::runtime;
using namespace nacre::runtime::emulator;

/// The most that a block can have, of all GPUs.
static constexpr int64_t maxSharedBytes = 227 << 10;

/// Not a number in any type: what nobody has written must not be computed with.
static constexpr char poison = char(0xFF);

// Shared pointers have 32 bits on a GPU, so they should here.
Memory::Memory(const Segments &segments)
    : segments(segments), arenaShadow(segments), sharedShadow(segments), sharedMemory(maxSharedBytes, MAP_32BIT) {
  sharedShadow.reserve(maxSharedBytes);
}

void Memory::beginLaunch(const Emulator::Launch &launch) {
  arena = launch.arena;
  buffers = launch.buffers;
  lastBuffer = {};
  threads = launch.threads;
  givenBytes = sharedBytes = launch.sharedBytes;
  if (givenBytes > maxSharedBytes)
    internalError("{}: a block cannot have {} bytes of shared memory", launch.kernel, givenBytes);
  arenaShadow.reserve(arena.size());
}

void Memory::beginBlock() {
  std::memset(sharedMemory.data(), poison, sharedBytes);
  copies.beginBlock();
  asyncProxy.beginBlock(sharedBytes, threads);
}

void Memory::endBlock() {
  for (const Copies::Copy &copy : copies.takeAll())
    sharedShadow.setWriter(copy.to - sharedMemory.data(), copy.bytes, 0);
}

void Memory::clear() {
  arenaShadow.clear();
  sharedShadow.clear();
}

char *Memory::shared(int64_t declared) {
  int64_t bytes = givenBytes + declared;
  if (bytes > maxSharedBytes)
    fault("a block cannot have {} bytes of shared memory", bytes);
  if (bytes > sharedBytes) {
    std::memset(sharedMemory.data() + sharedBytes, poison, bytes - sharedBytes);
    sharedBytes = bytes;
    asyncProxy.grow(bytes);
  }
  return sharedMemory.data();
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

bool Memory::inBuffers(int64_t offset, int64_t bytes) {
  auto holds = [&](const Emulator::Buffer &buffer) {
    return offset >= buffer.offset && offset + bytes <= buffer.offset + buffer.bytes;
  };
  if (buffers.empty() || holds(lastBuffer))
    return true;
  for (const Emulator::Buffer &buffer : buffers)
    if (holds(buffer)) {
      lastBuffer = buffer;
      return true;
    }
  return false;
}

Memory::Place Memory::find(const Access &access, const char *verb) {
  if (reinterpret_cast<uintptr_t>(access.address) & (access.alignment - 1))
    fault("{} {} {} bytes at an address that is no multiple of {}", access.site, verb, access.bytes, access.alignment);
  auto offsetIn = [&](const char *begin, int64_t size) {
    auto offset = int64_t(uintptr_t(access.address) - uintptr_t(begin));
    return uint64_t(offset) < uint64_t(size) && access.bytes <= size - offset ? offset : -1;
  };
  if (int64_t offset = offsetIn(arena.data(), arena.size()); offset >= 0 && inBuffers(offset, access.bytes))
    return {&arenaShadow, offset, segments.launch()};
  if (int64_t offset = offsetIn(sharedMemory.data(), sharedBytes); offset >= 0)
    return {&sharedShadow, offset, segments.sinceBarrier()};
  outside(access, verb);
}

template <bool isWrite> void Memory::check(const Access &access) {
  const char *verb = isWrite ? "writes" : "reads";
  Place place = find(access, verb);
  Conflict found = isWrite ? place.shadow->write(place.offset, access.bytes, place.floor, access.thread)
                           : place.shadow->read(place.offset, access.bytes, place.floor, access.thread);
  if (found)
    conflict(access, verb, found, place);
  if (isWrite && place.shadow == &sharedShadow)
    noteWrite(access, place.offset);
}

void Memory::noteWrite(const Access &access, int64_t offset) {
  if (asyncProxy.isRead(offset, access.bytes))
    fault("{} writes byte {} of shared memory, which a product still reads: no wait for it has ended", access.site,
          offset);
  asyncProxy.wrote(offset, access.bytes, access.thread);
}

void Memory::read(const Access &access) { check<false>(access); }
void Memory::write(const Access &access) { check<true>(access); }

void Memory::outside(const Access &access, const char *verb) const {
  int64_t inArena = access.address - arena.data(), inShared = access.address - sharedMemory.data();
  if (inArena >= 0 && inArena < int64_t(arena.size()))
    fault("{} {} {} bytes at byte {} of the arena, outside of {}", access.site, verb, access.bytes, inArena,
          buffers.empty() ? "it" : "the buffers of the launch");
  if (inShared >= 0 && inShared < maxSharedBytes)
    fault("{} {} {} bytes at byte {} of shared memory, of which the block has {}", access.site, verb, access.bytes,
          inShared, sharedBytes);
  fault("{} {} {} bytes outside of all memory, at byte {} of the arena", access.site, verb, access.bytes, inArena);
}

void Memory::conflict(const Access &access, const char *verb, const Conflict &found, const Place &place) const {
  const char *space = place.shadow == &arenaShadow ? "the arena" : "shared memory";
  if (found.other & pendingBit) {
    const Copies::Copy &copy = copies.find(found.other);
    fault("{} {} byte {} of {}, to which {} of thread {} still copies: no wait for it has ended", access.site, verb,
          found.byte, space, copy.site, copy.thread);
  }
  fault("{} {} byte {} of {}, which {} {} with nothing that orders the two", access.site, verb, found.byte, space,
        segments.describe(found.other), found.wrote ? "has written" : "has read");
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

void Memory::copy(const Access &to, char *from, int64_t readBytes) {
  if (readBytes > 0)
    read({from, readBytes, to.bytes, to.thread, to.site});
  Place place = find(to, "writes");
  if (place.shadow != &sharedShadow)
    fault("{} copies to the arena, not to shared memory", to.site);
  write(to);
  Copies::Copy copy{to.address, from, to.bytes, readBytes, to.thread, 0, to.site, {}};
  std::memcpy(copy.data, from, readBytes);
  std::memset(to.address, poison, to.bytes);
  sharedShadow.setWriter(place.offset, to.bytes, copies.add(copy));
}

/// Ends a copy, at the last moment at which it may.
void Memory::finish(const Copies::Copy &copy, int thread) {
  if (copy.readBytes && std::memcmp(copy.data, copy.from, copy.readBytes))
    fault("{} copies from byte {} of the arena, which has been written meanwhile", copy.site, copy.from - arena.data());
  std::memcpy(copy.to, copy.data, copy.bytes);
  int64_t offset = copy.to - sharedMemory.data();
  sharedShadow.setWriter(offset, copy.bytes, segments.now(thread));
  asyncProxy.wrote(offset, copy.bytes, thread);
}

void Memory::waitCopies(int thread, int64_t groups) {
  for (const Copies::Copy &copy : copies.take(thread, groups))
    finish(copy, thread);
}

//===----------------------------------------------------------------------===//
// Asynchronous products
//===----------------------------------------------------------------------===//

char *Memory::sharedAt(int64_t bits) {
  constexpr int64_t mask = (1 << 18) - 1;
  return sharedMemory.data() + ((bits - int64_t(uintptr_t(sharedMemory.data()))) & mask);
}

void Memory::beginAsyncRead(const Access &access) {
  read(access);
  int64_t offset = access.address - sharedMemory.data();
  if (int writer = asyncProxy.unfencedWriter(offset); writer >= 0)
    fault("{} reads byte {} of shared memory, which thread {} has written with no fence.proxy.async behind it",
          access.site, offset, writer);
  asyncProxy.beginRead(offset);
}

void Memory::endAsyncRead(const Access &access) {
  read(access);
  asyncProxy.endRead(access.address - sharedMemory.data());
}
