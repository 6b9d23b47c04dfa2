//===- PadSum.cpp - Sums of pads that are concatenations -----------------===//

#include "Grad/PadSum.h"

using namespace mlir;
using namespace nacre::graph;
using nacre::grad::PadSum;

std::optional<PadSum::Place> PadSum::placeOf(Value value) {
  auto pad = value.getDefiningOp<PadOp>();
  if (!pad || llvm::any_of(pad.getInterior(), [](int64_t between) { return between != 0; }))
    return std::nullopt;
  std::optional<Place> place;
  for (auto [axis, low, high, size] : llvm::enumerate(pad.getLow(), pad.getHigh(), pad.getX().getType().getShape())) {
    if (low == 0 && high == 0)
      continue;
    if (place || low < 0 || high < 0)
      return std::nullopt;
    place = Place{pad, int64_t(axis), low, low + size};
  }
  return place;
}

PadSum::PadSum(AddOp root) : shape(root.getType().getShape()) {
  SmallVector<Value> work{root.getRhs(), root.getLhs()};
  while (!work.empty()) {
    Value value = work.pop_back_val();
    auto add = value.getDefiningOp<AddOp>();
    if (add && add->hasOneUse()) {
      work.append({add.getRhs(), add.getLhs()});
      continue;
    }
    std::optional<Place> place = placeOf(value);
    if (place && (places.empty() || axis() == place->axis))
      places.push_back(*place);
    else
      others.push_back(value);
  }
  llvm::sort(places, [](const Place &a, const Place &b) { return a.start < b.start; });
}

bool PadSum::isConcat() const {
  if (places.size() < 2 || others.size() > 1)
    return false;
  int64_t end = 0;
  for (const Place &place : places) {
    if (place.start != end)
      return false;
    end = place.end;
  }
  return end == shape[axis()];
}

SmallVector<Value> PadSum::parts() const {
  return llvm::map_to_vector(places, [](Place place) -> Value { return place.pad.getX(); });
}
