//===- Broadcast.cpp - Bringing operands to one shape ---------------------===//
//
// Equal rank goes by position, where sizes agree or one is 1; lower rank goes by
// axis name; numbers go with all.
//
//===----------------------------------------------------------------------===//

#include "lang/Elaborator/Emitter.h"

#include <algorithm>
#include <numeric>

using namespace nacre::lang;

void Emitter::clash(const Site &site, const std::string &message, const std::vector<Operand> &operands) {
  std::vector<Label> labels;
  for (const Operand &operand : operands)
    if (auto *tensor = operand.term.asTensor())
      labels.push_back({operand.span, describe(*tensor, operand.span)});
  reporter.fail(site, message, std::move(labels));
}

/// "axis 2 (H)", with both names where they differ.
static std::string axisText(const AxisTable &axes, size_t axis, AxisId a, AxisId b) {
  std::string text = "axis " + std::to_string(axis);
  const std::string &first = axes.name(a).empty() ? axes.name(b) : axes.name(a);
  return first.empty() ? text : text + " (" + first + ")";
}

Emitter::Common Emitter::commonShape(const Site &site, const std::string &verb, const std::vector<Operand> &operands) {
  Common common;
  bool first = true;
  size_t rank = 0;
  for (const Operand &operand : operands)
    if (auto *tensor = operand.term.asTensor())
      rank = std::max(rank, tensor->rank());
  const Operand *left = nullptr;
  for (const Operand &operand : operands) {
    auto *tensor = operand.term.asTensor();
    if (!tensor || tensor->rank() != rank)
      continue;
    if (first) {
      common = {tensor->type.shape, tensor->axes};
      left = &operand;
      first = false;
      continue;
    }
    for (size_t i = 0; i < rank; ++i) {
      int64_t &size = common.shape[i], other = tensor->type.shape[i];
      AxisId &name = common.names[i], otherName = tensor->axes[i];
      if (size != other && size != 1 && other != 1)
        clash(site,
              "these cannot be " + verb + ": " + axisText(axes, i, name, otherName) + " is " + std::to_string(size) +
                  " on the left and " + std::to_string(other) + " on the right",
              {*left, operand});
      if (name && otherName && name != otherName && size != 1 && other != 1)
        clash(site,
              "these cannot be " + verb + ": axis " + std::to_string(i) + " is '" + axes.name(name) +
                  "' on the left and '" + axes.name(otherName) + "' on the right",
              {*left, operand});
      // The name goes with the size that the result has.
      if (size == other)
        name = name ? name : otherName;
      else if (size == 1)
        name = otherName, size = other;
    }
  }
  return common;
}

std::vector<int64_t> Emitter::positionsByName(const Site &site, const std::string &verb, const Operand &small,
                                              const Operand &large, const Common &common) {
  const Tensor &tensor = *small.term.asTensor();
  std::vector<int64_t> positions;
  for (size_t i = 0; i < tensor.rank(); ++i) {
    AxisId id = tensor.axes[i];
    auto found = std::find(common.names.begin(), common.names.end(), id);
    if (!id || found == common.names.end())
      clash(site,
            "these cannot be " + verb + ": of different rank, they are matched by axis name, but axis " +
                std::to_string(i) + " of the smaller " +
                (id && !axes.name(id).empty() ? "('" + axes.name(id) + "') is no axis of the larger"
                                              : "has no name here; give it one with a type, as in `y: [N, C] = ...`"),
            {small, large});
    size_t at = found - common.names.begin();
    if (std::find(found + 1, common.names.end(), id) != common.names.end())
      clash(site, "these cannot be " + verb + ": the larger has two axes '" + axes.name(id) + "'", {small, large});
    if (tensor.type.shape[i] != common.shape[at] && tensor.type.shape[i] != 1)
      clash(site,
            "these cannot be " + verb + ": axis '" + axes.name(id) + "' is " + std::to_string(tensor.type.shape[i]) +
                " and " + std::to_string(common.shape[at]),
            {small, large});
    positions.push_back(at);
  }
  return positions;
}

Tensor Emitter::broadcast(const Site &site, Tensor x, std::vector<int64_t> positions, const std::vector<int64_t> &shape,
                          const std::vector<AxisId> &names) {
  // Axes in the order of the result.
  std::vector<int64_t> order(x.rank());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return positions[a] < positions[b]; });
  if (!std::is_sorted(order.begin(), order.end())) {
    x = transpose(site, x, order);
    std::sort(positions.begin(), positions.end());
  }
  if (x.type.shape == shape) {
    x.axes = names;
    return x;
  }
  // Axes of size 1 that grow are taken out first, for an axis of a broadcast keeps its size.
  std::vector<int64_t> kept, keptShape;
  for (size_t i = 0; i < x.rank(); ++i)
    if (x.type.shape[i] == shape[positions[i]]) {
      kept.push_back(positions[i]);
      keptShape.push_back(x.type.shape[i]);
    }
  Tensor core = keptShape == x.type.shape ? x : reshape(site, x, keptShape);
  return emit(site, op::Broadcast{kept}, {core}, {x.type.dtype, shape}, names);
}

std::vector<Tensor> Emitter::agree(const Site &site, const std::string &verb, const std::vector<Operand> &operands,
                                   DType dtype, Common &common) {
  common = commonShape(site, verb, operands);
  const Operand *large = nullptr;
  for (const Operand &operand : operands)
    if (!large && operand.term.asTensor() && operand.term.asTensor()->rank() == common.shape.size())
      large = &operand;
  std::vector<Tensor> result;
  for (const Operand &operand : operands) {
    auto *tensor = operand.term.asTensor();
    if (!tensor) {
      double number = operand.term.asBool() ? *operand.term.asBool() : operand.term.number();
      result.push_back(constant(site, dtype, {number}, common.shape, common.names));
      continue;
    }
    std::vector<int64_t> positions(tensor->rank());
    std::iota(positions.begin(), positions.end(), 0);
    // Rank 0 goes with all; other lower ranks are matched by name.
    if (tensor->rank() < common.shape.size())
      positions = positionsByName(site, verb, operand, *large, common);
    result.push_back(broadcast(site, *tensor, std::move(positions), common.shape, common.names));
  }
  return result;
}
