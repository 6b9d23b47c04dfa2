//===- LoopInputs.cpp - What a loop's variable subscripts -----------------===//

#include "lang/Elaborator/TimeLoop.h"

#include <algorithm>
#include <numeric>

using namespace nacre::lang;

Tensor TimeLoop::argument(Port::Role role, const std::string &name, const Site &site, const Tensor &outside) {
  Tensor inside = outside;
  inside.graph = &body;
  inside.value = body.addArgument(role, name, e.emitter.imported(site, parent, outside));
  inside.type = body.type(inside.value);
  if (role == Port::Role::Slice)
    inside.axes.erase(inside.axes.begin());
  return inside;
}

/// The innermost graph around the loop that has the tensor.
Graph &TimeLoop::homeOf(const Tensor &tensor) { return parent.isWithin(*tensor.graph) ? *tensor.graph : parent; }

Tensor TimeLoop::tensorAt(const Site &site, const Tensor &tensor, int64_t axis, int64_t offset,
                          const std::string &name) {
  int64_t first = low + offset, last = high + offset;
  if (first < 0 || last >= tensor.type.shape[axis])
    throw Refusal{}; // Depth says which index is outside.
  if (tensor.graph == &body)
    return taken(site, tensor, axis, first);
  auto [found, isNew] = slices.try_emplace({tensor.graph, tensor.value, axis, first});
  if (isNew) {
    EmitInto into(e.emitter, &homeOf(tensor));
    auto [whole, isNewWhole] = timeFirst.try_emplace({tensor.graph, tensor.value, axis});
    if (isNewWhole) {
      std::vector<int64_t> order(tensor.rank());
      std::iota(order.begin(), order.end(), 0);
      std::rotate(order.begin(), order.begin() + axis, order.begin() + axis + 1);
      whole->second = e.emitter.transpose(site, tensor, order);
    }
    found->second = argument(Port::Role::Slice, name, site, e.emitter.slice(site, whole->second, 0, first, last));
  }
  Tensor slice = found->second; // The axes may have other names than where the slice was first met.
  slice.axes = tensor.axes;
  slice.axes.erase(slice.axes.begin() + axis);
  slice.origin = site.span;
  return slice;
}

/// A tensor of the body has its element taken, at an index that is a sequence.
Tensor TimeLoop::taken(const Site &site, const Tensor &tensor, int64_t axis, int64_t first) {
  auto [counter, isNew] = counters.try_emplace(first);
  if (isNew) {
    EmitInto into(e.emitter, &parent);
    Tensor index = e.emitter.emit(site, op::Index{0}, {}, {DType::Int, {steps(), 1}}, {0, 0});
    if (first)
      index = *e.emitter.elementwise(site, ScalarFn::Add, "added", {{index, site.span}, {first, site.span}}).asTensor();
    counter->second = argument(Port::Role::Slice, root.binding->name.text, site, index);
  }
  return e.emitter.element(site, e.emitter.take(site, tensor, {counter->second, site.span}, axis), axis, 0);
}

Term TimeLoop::elementsOf(const std::string &name, const Entry &family, int64_t offset, Span use) {
  auto [found, isNew] = others.try_emplace({name, offset});
  if (!isNew)
    return found->second;
  int64_t first = low + offset, last = high + offset;
  bool loops = false;
  for (const FamilyPart &part : e.familyParts(scope, family)) {
    bool overlaps = part.quantified && part.low < part.high && part.low <= last && part.high >= first;
    if (overlaps && !e.loopOf(scope, part))
      throw Refusal{};
    loops |= overlaps;
  }
  if (!loops)
    throw Refusal{};
  EmitInto into(e.emitter, &parent);
  Site site{&scope, use};
  std::map<std::string, std::vector<Tensor>> leaves;
  Term element;
  for (int64_t index = first; index <= last; ++index) {
    element = e.familyElement(scope, name, family, index, use);
    mapLeaves(element, [&](const Term &leaf, const std::string &suffix) {
      if (!leaf.asTensor())
        throw Refusal{};
      leaves[suffix].push_back(*leaf.asTensor());
      return leaf;
    });
  }
  return found->second = mapLeaves(element, [&](const Term &leaf, const std::string &suffix) -> Term {
           if (leaves.at(suffix).size() != static_cast<size_t>(steps()))
             throw Refusal{};
           Tensor slice = argument(Port::Role::Slice, name + suffix, site, e.emitter.stack(site, leaves.at(suffix), 0));
           slice.origin = leaf.asTensor()->origin;
           return slice;
         });
}
