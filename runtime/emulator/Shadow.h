//===- Shadow.h - Who has touched which byte --------------------*- C++ -*-===//
//
// For every byte of a memory its last writer, and those who have read it: segments of
// threads (Segments.h). Two accesses of a byte of which one writes, by threads that
// nothing has brought into an order, are a conflict.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/Pages.h"
#include "runtime/emulator/Segments.h"

#include <cstdint>

namespace nacre::runtime::emulator {

/// Instead of a segment: an asynchronous copy that still writes there; the other bits are its number.
constexpr Stamp pendingBit = Stamp(1) << 31;

struct Conflict {
  int64_t byte = -1; ///< None if negative.
  Stamp other = 0;
  bool wrote = false; ///< What the other did.

  explicit operator bool() const { return byte >= 0; }
};

class Shadow {
public:
  explicit Shadow(const Segments &segments) : segments(segments) {}

  void reserve(int64_t bytes);
  void clear();

  /// Notes that `thread` accesses some bytes. What lies before the segment `floor` is in order.
  Conflict read(int64_t offset, int64_t bytes, Stamp floor, int thread);
  Conflict write(int64_t offset, int64_t bytes, Stamp floor, int thread);
  /// Sets the writer of some bytes without a check.
  void setWriter(int64_t offset, int64_t bytes, Stamp writer);

private:
  template <typename Visit> Conflict forEachPiece(int64_t offset, int64_t bytes, const Visit &visit) const;
  Conflict readAlike(int64_t offset, int64_t count, Stamp floor, int thread);
  Conflict writeAlike(int64_t offset, int64_t count, Stamp floor, int thread);
  bool inOrder(Stamp earlier, Stamp floor, int thread) const;
  Stamp withReader(Stamp reader, Stamp floor, int thread) const;
  Stamp *writers() const { return reinterpret_cast<Stamp *>(writerPages.data()); }
  Stamp *readers() const { return reinterpret_cast<Stamp *>(readerPages.data()); }

  const Segments &segments;
  Pages writerPages, readerPages;
};

} // namespace nacre::runtime::emulator
