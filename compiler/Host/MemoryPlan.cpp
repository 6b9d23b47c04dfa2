//===- MemoryPlan.cpp - Where buffers lie in an arena ---------------------===//
//
// Greedy placement: buffers in a fixed order, each into the smallest gap that
// holds it among the placed buffers alive with it. Several orders are tried, and
// the smallest arena wins (Pisarchyk & Lee 2020 found the orders by size and by
// breadth within a few per cent of the bound on neural networks).
//
//===----------------------------------------------------------------------===//

#include "Host/MemoryPlan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace nacre::host {
namespace {

/// Buffers that share one place: a chain of in-place steps.
struct Place {
  int64_t bytes = 0, first = 0, last = 0;
  int64_t offset = 0;
  bool meets(const Place &other) const { return first <= other.last && other.first <= last; }
  int64_t steps() const { return last - first + 1; }
};

/// Buffers by place, and the places.
struct Places {
  std::vector<size_t> ofBuffer;
  std::vector<Place> all;
};

Places joinInPlace(const std::vector<Lifetime> &buffers) {
  Places places;
  std::vector<bool> taken(buffers.size());
  for (const Lifetime &buffer : buffers) {
    int64_t bytes = alignUp(buffer.bytes);
    auto isFree = [&](size_t other) {
      if (other >= places.ofBuffer.size() || taken[other])
        return false;
      const Place &place = places.all[places.ofBuffer[other]];
      return place.bytes == bytes && place.last == buffer.first;
    };
    auto found = std::find_if(buffer.over.begin(), buffer.over.end(), isFree);
    if (found == buffer.over.end()) {
      places.ofBuffer.push_back(places.all.size());
      places.all.push_back({bytes, buffer.first, buffer.last, 0});
      continue;
    }
    taken[*found] = true;
    places.ofBuffer.push_back(places.ofBuffer[*found]);
    Place &place = places.all[places.ofBuffer.back()];
    place.last = std::max(place.last, buffer.last);
  }
  return places;
}

/// The most bytes alive at one step, and the first such step.
std::pair<int64_t, int64_t> peak(const std::vector<Place> &places) {
  std::map<int64_t, int64_t> change;
  for (const Place &place : places) {
    change[place.first] += place.bytes;
    change[place.last + 1] -= place.bytes;
  }
  int64_t alive = 0, most = 0, at = 0;
  for (auto [step, bytes] : change) {
    alive += bytes;
    if (alive > most) {
      most = alive;
      at = step;
    }
  }
  return {most, at};
}

/// The offset of the smallest gap between `placed` (sorted by offset) that holds `bytes`; else their end.
int64_t bestGap(const std::vector<const Place *> &placed, int64_t bytes) {
  int64_t best = -1, bestSize = 0, end = 0;
  for (const Place *place : placed) {
    int64_t gap = place->offset - end;
    if (gap >= bytes && (best < 0 || gap < bestSize)) {
      best = end;
      bestSize = gap;
    }
    end = std::max(end, place->offset + place->bytes);
  }
  return best < 0 ? end : best;
}

/// Gives every place its offset, in that order; returns the size of the arena.
int64_t placeInOrder(std::vector<Place> &places, const std::vector<size_t> &order) {
  std::vector<const Place *> byOffset, alive;
  int64_t end = 0;
  for (size_t index : order) {
    Place &place = places[index];
    alive.clear();
    for (const Place *other : byOffset)
      if (other->meets(place))
        alive.push_back(other);
    place.offset = bestGap(alive, place.bytes);
    end = std::max(end, place.offset + place.bytes);
    auto below = [](const Place *a, const Place *b) { return a->offset < b->offset; };
    byOffset.insert(std::upper_bound(byOffset.begin(), byOffset.end(), &place, below), &place);
  }
  return end;
}

/// The orders worth trying: by size, by size times time, by time, by first step.
std::vector<std::vector<size_t>> orders(const std::vector<Place> &places) {
  auto sortedBy = [&](auto key) {
    std::vector<size_t> order(places.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      auto x = key(places[a]), y = key(places[b]);
      return x != y ? x > y : a < b;
    });
    return order;
  };
  return {
      sortedBy([](const Place &p) { return std::pair(double(p.bytes), double(p.steps())); }),
      sortedBy([](const Place &p) { return std::pair(double(p.bytes) * double(p.steps()), double(p.bytes)); }),
      sortedBy([](const Place &p) { return std::pair(double(p.steps()), double(p.bytes)); }),
      sortedBy([](const Place &p) { return std::pair(-double(p.first), double(p.bytes)); }),
  };
}

} // namespace

MemoryPlan planMemory(const std::vector<Lifetime> &buffers) {
  Places places = joinInPlace(buffers);
  MemoryPlan plan;
  std::tie(plan.bound, plan.peakStep) = peak(places.all);
  std::vector<Place> best;
  for (const std::vector<size_t> &order : orders(places.all)) {
    std::vector<Place> candidate = places.all;
    int64_t bytes = placeInOrder(candidate, order);
    if (best.empty() || bytes < plan.bytes) {
      plan.bytes = bytes;
      best = std::move(candidate);
    }
    if (plan.bytes == plan.bound)
      break;
  }
  for (size_t index : places.ofBuffer)
    plan.offsets.push_back(best[index].offset);
  return plan;
}

} // namespace nacre::host
