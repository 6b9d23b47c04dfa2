//===- Shadow.cpp - Who has touched which byte ----------------------------===//

#include "runtime/emulator/Shadow.h"

#include <algorithm>

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

/// Whether all of some stamps are alike, as they are where all accesses have the same size.
template <int count> static bool alike(const Stamp *stamps) {
  Stamp differences = 0;
  for (int i = 1; i < count; ++i)
    differences |= stamps[i] ^ stamps[0];
  return differences == 0;
}

/// Calls `visit(byte, count)` for pieces of some bytes, each with one writer and one reader.
template <typename Visit> Conflict Shadow::forEachPiece(int64_t offset, int64_t bytes, const Visit &visit) const {
  const Stamp *writer = writers(), *reader = readers();
  if (bytes == 16 && alike<16>(writer + offset) && alike<16>(reader + offset))
    return visit(offset, 16);
  int64_t byte = offset, end = offset + bytes;
  while (byte < end) {
    int64_t count = end - byte >= 4 && alike<4>(writer + byte) && alike<4>(reader + byte) ? 4 : 1;
    if (Conflict found = visit(byte, count))
      return found;
    byte += count;
  }
  return {};
}

inline bool Shadow::inOrder(Stamp earlier, Stamp floor, int thread) const {
  return earlier < floor || earlier == segments.now(thread) ||
         (earlier < pendingBit && segments.ordered(earlier, thread));
}

/// The readers of a byte, and `thread`.
inline Stamp Shadow::withReader(Stamp reader, Stamp floor, int thread) const {
  if (reader < floor)
    return segments.now(thread);
  if (reader == segments.readers(thread / lanes) || reader == segments.blockReaders() ||
      reader == segments.launchReaders())
    return reader;
  return inOrder(reader, floor, thread) ? segments.now(thread) : segments.merge(reader, thread);
}

/// `count` bytes with the same writer and the same reader.
inline Conflict Shadow::readAlike(int64_t offset, int64_t count, Stamp floor, int thread) {
  Stamp writer = writers()[offset], reader = readers()[offset];
  if (!inOrder(writer, floor, thread))
    return {offset, writer, true};
  if (Stamp now = withReader(reader, floor, thread); now != reader)
    std::fill_n(readers() + offset, count, now);
  return {};
}

inline Conflict Shadow::writeAlike(int64_t offset, int64_t count, Stamp floor, int thread) {
  Stamp writer = writers()[offset], reader = readers()[offset];
  if (!inOrder(writer, floor, thread))
    return {offset, writer, true};
  if (!inOrder(reader, floor, thread))
    return {offset, reader, false};
  if (writer != segments.now(thread))
    setWriter(offset, count, segments.now(thread));
  return {};
}

Conflict Shadow::read(int64_t offset, int64_t bytes, Stamp floor, int thread) {
  return forEachPiece(offset, bytes,
                      [&](int64_t byte, int64_t count) { return readAlike(byte, count, floor, thread); });
}

Conflict Shadow::write(int64_t offset, int64_t bytes, Stamp floor, int thread) {
  return forEachPiece(offset, bytes,
                      [&](int64_t byte, int64_t count) { return writeAlike(byte, count, floor, thread); });
}

void Shadow::setWriter(int64_t offset, int64_t bytes, Stamp writer) { std::fill_n(writers() + offset, bytes, writer); }
