//===- Footprint.h - What a small nest of loops touches ---------*- C++ -*-===//
#pragma once

#include "llvm/ADT/SmallVector.h"

namespace nacre::kernel {

/// Bytes side by side, again and again in each of some loops.
struct Footprint {
  struct Loop {
    int64_t stride, count;
    bool operator==(const Loop &) const = default;
  };
  int64_t address, length;
  llvm::SmallVector<Loop, 4> loops;

  /// Loops over what lies side by side become length, those that stay in place go.
  void simplify();
  /// How many bytes the lines have, at most.
  int64_t bytes() const;
  /// Calls `visit` with the address of each piece of `length` bytes.
  template <class Visit> void forEach(Visit visit) const { forEach(visit, address, 0); }

private:
  template <class Visit> void forEach(Visit &visit, int64_t place, size_t depth) const {
    if (depth == loops.size())
      return visit(place);
    for (int64_t turn = 0; turn < loops[depth].count; ++turn)
      forEach(visit, place + turn * loops[depth].stride, depth + 1);
  }
};

/// The same bytes in fewer footprints, all of them simple: neighbours in the same loops are one.
void mergeNeighbours(llvm::SmallVectorImpl<Footprint> &footprints);

} // namespace nacre::kernel
