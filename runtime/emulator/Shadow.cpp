//===- Shadow.cpp - Who has touched which byte ----------------------------===//

#include "runtime/emulator/Shadow.h"

#include <algorithm>
#include <span>

using namespace nacre::runtime::emulator;

void Shadow::reserve(int64_t bytes) {
  size_t needed = bytes * sizeof(Stamp);
  if (needed <= writerPages.bytes())
    return;
  writerPages = Pages(needed);
  readerPages = Pages(needed);
}

void Shadow::clear() {
  writerPages.clear();
  readerPages.clear();
}

//===----------------------------------------------------------------------===//
// The usual case: no other thread has touched the bytes, or all only read
//===----------------------------------------------------------------------===//

namespace {

/// What stamps are compared with.
struct Known {
  Stamp floor, mine, warpReaders, blockReaders, launchReaders;
};

/// Calls `run` with a number of bytes that the compiler knows, if it is a usual one.
template <typename Run> bool withUsualSize(int64_t bytes, const Run &run) {
  switch (bytes) {
  case 1:
    return run(std::integral_constant<int, 1>());
  case 2:
    return run(std::integral_constant<int, 2>());
  case 4:
    return run(std::integral_constant<int, 4>());
  case 8:
    return run(std::integral_constant<int, 8>());
  case 16:
    return run(std::integral_constant<int, 16>());
  default:
    return false;
  }
}

/// Whether nobody else has touched the bytes since `floor`.
template <int bytes> bool untouched(const Stamp *stamps, const Known &known) {
  unsigned other = 0;
  for (int i = 0; i < bytes; ++i)
    other |= unsigned(stamps[i] >= known.floor) & unsigned(stamps[i] != known.mine);
  return !other;
}

/// Whether each byte's readers are old, or this thread, or a group already.
template <int bytes> bool readersKnown(const Stamp *stamps, const Known &known) {
  unsigned all = 1;
  for (int i = 0; i < bytes; ++i)
    all &= unsigned(stamps[i] < known.floor) | unsigned(stamps[i] == known.mine) |
           unsigned(stamps[i] == known.warpReaders) | unsigned(stamps[i] == known.blockReaders) |
           unsigned(stamps[i] == known.launchReaders);
  return all;
}

} // namespace

Conflict Shadow::read(int64_t offset, int64_t bytes, Stamp floor, int thread) {
  Known known{floor, segments.now(thread), segments.readers(thread / lanes), segments.blockReaders(),
              segments.launchReaders()};
  bool done = withUsualSize(bytes, [&](auto size) {
    Stamp *read = readers() + offset;
    if (!untouched<size>(writers() + offset, known) || !readersKnown<size>(read, known))
      return false;
    for (int i = 0; i < size; ++i)
      read[i] = read[i] < known.floor ? known.mine : read[i];
    return true;
  });
  return done ? Conflict() : readSlowly(offset, bytes, floor, thread);
}

Conflict Shadow::write(int64_t offset, int64_t bytes, Stamp floor, int thread) {
  Known known{floor, segments.now(thread), 0, 0, 0};
  bool done = withUsualSize(bytes, [&](auto size) {
    Stamp *wrote = writers() + offset;
    if (!untouched<size>(wrote, known) || !untouched<size>(readers() + offset, known))
      return false;
    for (int i = 0; i < size; ++i)
      wrote[i] = known.mine;
    return true;
  });
  return done ? Conflict() : writeSlowly(offset, bytes, floor, thread);
}

//===----------------------------------------------------------------------===//
// Any case
//===----------------------------------------------------------------------===//

Conflict Shadow::findConflict(const Stamp *stamps, int64_t offset, int64_t bytes, Stamp floor, int thread,
                              bool wrote) const {
  for (int64_t byte = offset; byte < offset + bytes; ++byte)
    if (!inOrder(stamps[byte], floor, thread))
      return {byte, stamps[byte], wrote};
  return {};
}

Conflict Shadow::readSlowly(int64_t offset, int64_t bytes, Stamp floor, int thread) {
  if (Conflict found = findConflict(writers(), offset, bytes, floor, thread, true))
    return found;
  for (Stamp &reader : std::span(readers() + offset, bytes))
    reader = inOrder(reader, floor, thread) ? segments.now(thread) : segments.merge(reader, thread);
  return {};
}

Conflict Shadow::writeSlowly(int64_t offset, int64_t bytes, Stamp floor, int thread) {
  if (Conflict found = findConflict(writers(), offset, bytes, floor, thread, true))
    return found;
  if (Conflict found = findConflict(readers(), offset, bytes, floor, thread, false))
    return found;
  setWriter(offset, bytes, segments.now(thread));
  return {};
}

void Shadow::setWriter(int64_t offset, int64_t bytes, Stamp writer) { std::fill_n(writers() + offset, bytes, writer); }
