//===- NestPlan.cpp - Which stored values are made together ---------------===//

#include "GraphToFused/NestPlan.h"

using namespace mlir;
using namespace nacre;

/// How many nests back a partner is looked for: merging far apart only keeps
/// values alive longer.
static constexpr unsigned window = 24;

/// Results of the function live to its end anyway: for them any partner will do. So the new value of a parameter
/// and those of its optimizer's states, which all read the old ones, are written by one nest.
static size_t reach(Value value, size_t nests) {
  bool isReturned = llvm::any_of(value.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
  return isReturned ? nests : std::min<size_t>(window, nests);
}

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

static std::optional<ArrayRef<int64_t>> reducedAxes(Operation *op) {
  if (auto reduce = dyn_cast_if_present<graph::ReduceOp>(op))
    return reduce.getAxes();
  if (auto moments = dyn_cast_if_present<graph::MomentsOp>(op))
    return moments.getAxes();
  return std::nullopt;
}

/// Whether a value reads the values of a nest at its own index only, so that it can
/// be computed where they are made.
static bool readsInPlace(Value value, ArrayRef<Value> made, const StorageChoice &choice) {
  SmallVector<std::pair<Value, bool>> work = {{value, false}};
  DenseSet<std::pair<Value, unsigned>> seen;
  while (!work.empty()) {
    auto [next, moved] = work.pop_back_val();
    if (!seen.insert({next, moved}).second)
      continue;
    if (llvm::is_contained(made, next)) {
      if (moved)
        return false;
      continue;
    }
    Operation *op = next.getDefiningOp();
    if (!isPoint(op) || (next != value && choice.isStored(next)))
      continue;
    for (Value operand : op->getOperands())
      work.push_back({operand, moved || !op->hasTrait<OpTrait::Elementwise>()});
  }
  return true;
}

/// The value whose elements a nest runs through to make this one.
static Value domainOf(Value value) {
  Operation *op = value.getDefiningOp();
  return reducedAxes(op) ? op->getOperand(0) : value;
}

/// Whether a reduction keeps the samples apart, so that its items are as many as those of a map.
static bool keepsSamples(Operation *op) {
  auto axes = reducedAxes(op);
  return axes && !llvm::is_contained(*axes, 0);
}

/// Whether some reduction will pass over a value where it is made.
static bool isReducedInPlace(Value value, const StorageChoice &choice) {
  SmallVector<Value> work = {value};
  DenseSet<Value> seen;
  while (!work.empty()) {
    Value next = work.pop_back_val();
    for (Operation *user : next.getUsers()) {
      if (keepsSamples(user))
        return true;
      if (isPoint(user) && user->hasTrait<OpTrait::Elementwise>() && !choice.isStored(user->getResult(0)) &&
          seen.insert(user->getResult(0)).second)
        work.push_back(user->getResult(0));
    }
  }
  return false;
}

NestPlan::NestPlan(const StorageChoice &choice, bool merge) : choice(choice) {
  for (Value value : choice.values()) {
    if (index.contains(value))
      continue;
    auto leaves = choice.leavesOf(value);
    bool joined = false;
    for (unsigned back = 1; merge && !joined && back <= reach(value, all.size()); ++back)
      if (unsigned nest = all.size() - back; joins(nest, value, leaves)) {
        join(nest, value, leaves);
        joined = true;
      }
    if (!joined)
      place(value);
  }
}

std::optional<unsigned> NestPlan::nestOf(Value value) const {
  auto found = index.find(value);
  return found == index.end() ? std::nullopt : std::optional(found->second);
}

BitVector NestPlan::ancestorsOf(const llvm::SetVector<Value> &leaves, std::optional<unsigned> except) const {
  BitVector ancestors(all.size() + 1);
  for (Value leaf : leaves)
    if (auto nest = nestOf(leaf); nest && nest != except) {
      BitVector theirs = all[*nest].ancestors;
      theirs.resize(ancestors.size());
      ancestors |= theirs;
      ancestors.set(*nest);
    }
  return ancestors;
}

void NestPlan::place(Value value) {
  Nest nest;
  Operation *op = value.getDefiningOp(), *anchor = choice.anchorOf(value);
  nest.kind = anchor || (!isPoint(op) && !reducedAxes(op)) ? Nest::Kind::Anchor
              : isPoint(op)                                ? Nest::Kind::Map
                                                           : Nest::Kind::Reduce;
  nest.anchor = anchor ? anchor : nest.kind == Nest::Kind::Map ? nullptr : op;
  if (anchor || nest.kind == Nest::Kind::Map)
    nest.values = {value};
  else
    llvm::append_range(nest.values, op->getResults());
  nest.leaves = choice.leavesOf(value);
  nest.ancestors = ancestorsOf(nest.leaves, std::nullopt);
  for (Value made : nest.values)
    index[made] = all.size();
  all.push_back(std::move(nest));
}

/// Whether a value can be made by a nest that passes over memory: a pointwise value of its domain's shape, or a
/// reduction of that. Where reductions and stored values meet, samples are kept apart.
bool NestPlan::joinsPass(const Nest &nest, Value value, const llvm::SetVector<Value> &leaves) const {
  Operation *op = value.getDefiningOp();
  bool isReduction = bool(reducedAxes(op)),
       storesPoints = llvm::any_of(nest.values, [](Value made) { return isPoint(made.getDefiningOp()); });
  if (!(isPoint(op) || isReduction) || shapeOf(domainOf(value)) != shapeOf(domainOf(nest.values[0])))
    return false;
  if (isReduction && nest.anchor && reducedAxes(op) != reducedAxes(nest.anchor))
    return false;
  if ((isPoint(op) && nest.anchor && !keepsSamples(nest.anchor)) || (isReduction && storesPoints && !keepsSamples(op)))
    return false;
  SmallVector<Value> points;
  for (Value made : nest.values)
    if (isPoint(made.getDefiningOp()))
      points.push_back(made);
    else if (leaves.contains(made))
      return false;
  return readsInPlace(domainOf(value), points, choice);
}

/// Whether a value can be made by a nest, and gains by it: they share a tensor
/// that is read, and nothing in between would need the nest and be needed by it.
bool NestPlan::joins(unsigned number, Value value, const llvm::SetVector<Value> &leaves) const {
  const Nest &nest = all[number];
  Operation *op = value.getDefiningOp();
  if (choice.anchorOf(value))
    return false;
  switch (nest.kind) {
  case Nest::Kind::Map:
  case Nest::Kind::Reduce:
    if (!joinsPass(nest, value, leaves))
      return false;
    break;
  case Nest::Kind::Anchor:
    if (!isPoint(op) || !choice.anchorOf(nest.values[0]) || shapeOf(value) != shapeOf(nest.values[0]) ||
        !leaves.contains(nest.values[0]) || !readsInPlace(value, nest.values, choice) ||
        isReducedInPlace(value, choice))
      return false;
    break;
  }
  bool shares = llvm::any_of(leaves, [&](Value leaf) {
    bool large = cast<RankedTensorType>(leaf.getType()).getRank() > 0;
    return large && (nest.leaves.contains(leaf) || llvm::is_contained(nest.values, leaf));
  });
  return shares && !ancestorsOf(leaves, number).test(number);
}

void NestPlan::join(unsigned number, Value value, const llvm::SetVector<Value> &leaves) {
  Nest &nest = all[number];
  BitVector gained = ancestorsOf(leaves, number);
  gained.resize(all.size() + 1);
  for (auto [other, theirs] : llvm::enumerate(all))
    if (other == number || (theirs.ancestors.size() > number && theirs.ancestors.test(number))) {
      theirs.ancestors.resize(gained.size());
      theirs.ancestors |= gained;
    }
  for (Value leaf : leaves)
    if (!llvm::is_contained(nest.values, leaf))
      nest.leaves.insert(leaf);
  Operation *op = value.getDefiningOp();
  if (isPoint(op)) {
    nest.values.push_back(value);
  } else {
    llvm::append_range(nest.values, op->getResults());
    if (nest.kind == Nest::Kind::Map)
      nest.kind = Nest::Kind::Reduce, nest.anchor = op;
  }
  for (Value made : nest.values)
    index[made] = number;
}
