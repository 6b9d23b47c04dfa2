//===- Footprint.cpp - What a small nest of loops touches -----------------===//

#include "FusedToKernel/Cpu/Footprint.h"
#include "FusedToKernel/Cpu/CacheModel.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <tuple>

using namespace nacre::kernel;
using llvm::SmallVectorImpl;

void Footprint::simplify() {
  for (Loop &loop : loops)
    if (loop.stride < 0) {
      address += loop.stride * (loop.count - 1);
      loop.stride = -loop.stride;
    }
  llvm::erase_if(loops, [](const Loop &loop) { return loop.stride == 0 || loop.count == 1; });
  llvm::sort(loops, [](const Loop &a, const Loop &b) { return a.stride < b.stride; });
  auto isApart = [&](const Loop &loop) {
    if (loop.stride > length)
      return true;
    length += loop.stride * (loop.count - 1);
    return false;
  };
  loops.erase(loops.begin(), llvm::find_if(loops, isApart));
}

int64_t Footprint::bytes() const {
  int64_t bytes = (length + CacheModel::lineBytes - 1) / CacheModel::lineBytes * CacheModel::lineBytes;
  for (const Loop &loop : loops)
    bytes *= loop.count;
  return bytes;
}

static auto orderOf(const Footprint::Loop &loop) { return std::tuple(loop.stride, loop.count); }

static bool isBefore(const Footprint &a, const Footprint &b) {
  auto less = [](const Footprint::Loop &x, const Footprint::Loop &y) { return orderOf(x) < orderOf(y); };
  if (a.loops != b.loops)
    return std::lexicographical_compare(a.loops.begin(), a.loops.end(), b.loops.begin(), b.loops.end(), less);
  return a.address < b.address;
}

void nacre::kernel::mergeNeighbours(SmallVectorImpl<Footprint> &footprints) {
  for (size_t before = footprints.size() + 1; footprints.size() < before;) {
    before = footprints.size();
    llvm::sort(footprints, isBefore);
    size_t kept = 0;
    for (size_t i = 1; i < footprints.size(); ++i) {
      Footprint &last = footprints[kept], &next = footprints[i];
      if (last.loops == next.loops && next.address <= last.address + last.length)
        last.length = std::max(last.length, next.address + next.length - last.address);
      else
        footprints[++kept] = next;
    }
    if (!footprints.empty())
      footprints.truncate(kept + 1);
    for (Footprint &footprint : footprints)
      footprint.simplify();
  }
}
