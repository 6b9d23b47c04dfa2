//===- Movement.cpp - Operations that only move elements ------------------===//

#include "lang/Elaborator/Emitter.h"

#include <algorithm>
#include <numeric>

using namespace nacre::lang;

static std::string spellShape(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Tensor Emitter::reshape(const Site &site, const Tensor &x, const std::vector<int64_t> &shape) {
  std::vector<AxisId> names(shape.size());
  if (product(shape) != product(x.type.shape))
    reporter.fail(site, "cannot reshape " + spell(x) + " to " + spellShape(shape) + ": they have " +
                            std::to_string(product(x.type.shape).value_or(0)) + " and " +
                            std::to_string(product(shape).value_or(0)) + " elements");
  if (shape == x.type.shape) {
    Tensor same = x;
    same.axes = std::move(names);
    return same;
  }
  return emit(site, op::Reshape{}, {x}, {x.type.dtype, shape}, std::move(names));
}

Tensor Emitter::transpose(const Site &site, const Tensor &x, const std::vector<int64_t> &permutation) {
  TensorType type{x.type.dtype, {}};
  std::vector<AxisId> names;
  for (int64_t axis : permutation) {
    type.shape.push_back(x.type.shape[axis]);
    names.push_back(x.axes[axis]);
  }
  if (std::is_sorted(permutation.begin(), permutation.end()))
    return x;
  return emit(site, op::Transpose{permutation}, {x}, std::move(type), std::move(names));
}

Tensor Emitter::slice(const Site &site, const Tensor &x, int64_t axis, int64_t low, int64_t high) {
  int64_t size = x.type.shape[axis];
  if (high < low - 1)
    reporter.fail(site, "the range " + std::to_string(low) + ".." + std::to_string(high) + " runs backwards");
  if (low < 0 || high >= size)
    reporter.fail(site, std::to_string(low) + ".." + std::to_string(high) +
                            " is outside the axis, which has the indices 0.." + std::to_string(size - 1));
  if (low == 0 && high == size - 1)
    return x;
  op::Slice code;
  code.start.assign(x.rank(), 0);
  code.limit = x.type.shape;
  code.start[axis] = low;
  code.limit[axis] = high + 1;
  TensorType type = x.type;
  type.shape[axis] = high + 1 - low;
  std::vector<AxisId> names = x.axes;
  if (type.shape[axis] != size)
    names[axis] = 0;
  return emit(site, std::move(code), {x}, std::move(type), std::move(names));
}

Tensor Emitter::element(const Site &site, const Tensor &x, int64_t axis, int64_t at) {
  if (at < 0 || at >= x.type.shape[axis])
    reporter.fail(site, "index " + std::to_string(at) + " is outside the axis, which has the indices 0.." +
                            std::to_string(x.type.shape[axis] - 1) + (at < 0 ? "; negative indices mean nothing" : ""));
  Tensor part = slice(site, x, axis, at, at);
  std::vector<int64_t> shape = part.type.shape;
  shape.erase(shape.begin() + axis);
  Tensor result = reshape(site, part, shape);
  result.axes = x.axes;
  result.axes.erase(result.axes.begin() + axis);
  return result;
}

Tensor Emitter::take(const Site &site, const Tensor &x, const Operand &index, int64_t axis) {
  auto *at = index.term.asTensor();
  if (!at || at->type.dtype != DType::Int || at->rank() != 1)
    reporter.fail(site, "take needs the indices as a tensor of ints of rank 1" +
                            (at ? ", not " + spell(*at) : std::string()));
  TensorType type = x.type;
  type.shape[axis] = at->type.shape[0];
  std::vector<AxisId> names = x.axes;
  names[axis] = 0;
  return emit(site, op::Take{axis}, {x, *at}, std::move(type), std::move(names));
}

Tensor Emitter::pad(const Site &site, const Tensor &x, int64_t axis, int64_t before, int64_t after) {
  if (before == 0 && after == 0)
    return x;
  op::Pad code;
  code.low.assign(x.rank(), 0);
  code.high.assign(x.rank(), 0);
  code.low[axis] = before;
  code.high[axis] = after;
  TensorType type = x.type;
  if (__builtin_add_overflow(type.shape[axis], before, &type.shape[axis]) ||
      __builtin_add_overflow(type.shape[axis], after, &type.shape[axis]))
    reporter.fail(site, "the padded size is no 64-bit number");
  std::vector<AxisId> names = x.axes;
  names[axis] = 0;
  return emit(site, std::move(code), {x}, std::move(type), std::move(names));
}

Tensor Emitter::concat(const Site &site, const std::vector<Tensor> &parts, int64_t axis) {
  const Tensor &first = parts.front();
  TensorType type = first.type;
  std::vector<AxisId> names = first.axes;
  type.shape[axis] = 0;
  for (const Tensor &part : parts) {
    if (part.type.dtype != first.type.dtype)
      reporter.fail(site, "concat joins tensors of one dtype, not " + dtypeName(first.type.dtype) + " and " +
                              dtypeName(part.type.dtype));
    bool fits = part.rank() == first.rank();
    for (size_t i = 0; fits && i < part.rank(); ++i)
      fits = static_cast<int64_t>(i) == axis || part.type.shape[i] == first.type.shape[i];
    if (!fits)
      reporter.fail(site, "concat joins along axis " + std::to_string(axis) + ", but " + spell(first) + " and " +
                              spell(part) + " differ elsewhere");
    for (size_t i = 0; i < part.rank(); ++i)
      names[i] = names[i] ? names[i] : part.axes[i];
    type.shape[axis] += part.type.shape[axis];
  }
  names[axis] = 0;
  if (parts.size() == 1) {
    Tensor same = first;
    same.axes = std::move(names);
    return same;
  }
  return emit(site, op::Concat{axis}, parts, std::move(type), std::move(names));
}

namespace {
/// What `Emitter::element` took: an index of an axis of a larger tensor.
struct Piece {
  Graph *graph;
  Value whole;
  size_t axis;
  int64_t at;
  bool isBefore(const Piece &next) const {
    return graph == next.graph && whole == next.whole && axis == next.axis && at + 1 == next.at;
  }
};
} // namespace

static std::optional<Piece> pieceOf(const Tensor &tensor) {
  const Op *reshape = tensor.graph->producer(tensor.value);
  const Op *cut = reshape && std::holds_alternative<op::Reshape>(reshape->code)
                      ? tensor.graph->producer(reshape->operands[0])
                      : nullptr;
  auto *slice = cut ? std::get_if<op::Slice>(&cut->code) : nullptr;
  if (!slice)
    return std::nullopt;
  std::vector<int64_t> shape = tensor.graph->type(cut->operands[0]).shape;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (slice->limit[axis] - slice->start[axis] == shape[axis])
      continue;
    shape.erase(shape.begin() + axis);
    if (slice->limit[axis] - slice->start[axis] != 1 || shape != tensor.type.shape)
      return std::nullopt;
    return Piece{tensor.graph, cut->operands[0], axis, slice->start[axis]};
  }
  return std::nullopt;
}

/// How many tensors from the first of `parts` on are neighbours in a larger one.
static size_t neighbours(const std::vector<Tensor> &parts, size_t first) {
  size_t end = first + 1;
  for (std::optional<Piece> last = pieceOf(parts[first]); last && end < parts.size(); ++end) {
    std::optional<Piece> next = pieceOf(parts[end]);
    if (!next || !last->isBefore(*next))
      break;
    last = next;
  }
  return end - first;
}

Tensor Emitter::slab(const Site &site, const std::vector<Tensor> &parts, size_t first, size_t count, int64_t axis) {
  const Tensor &part = parts[first];
  Tensor result;
  if (count == 1) {
    std::vector<int64_t> shape = part.type.shape;
    shape.insert(shape.begin() + axis, 1);
    result = reshape(site, part, shape);
  } else {
    Piece piece = *pieceOf(part);
    const TensorType &type = piece.graph->type(piece.whole);
    Tensor whole{piece.graph, piece.whole, type, std::vector<AxisId>(type.shape.size()), part.origin};
    std::vector<int64_t> order(whole.rank());
    std::iota(order.begin(), order.end(), 0);
    order.erase(order.begin() + piece.axis);
    order.insert(order.begin() + axis, piece.axis);
    result = transpose(site, slice(site, whole, piece.axis, piece.at, piece.at + count - 1), order);
  }
  result.axes = part.axes;
  result.axes.insert(result.axes.begin() + axis, AxisId(0));
  return result;
}

Tensor Emitter::stack(const Site &site, const std::vector<Tensor> &parts, int64_t axis) {
  for (const Tensor &part : parts)
    if (part.type != parts.front().type)
      reporter.fail(site, "stack needs tensors of one shape, not " + spell(parts.front()) + " and " + spell(part));
  std::vector<Tensor> slabs;
  for (size_t first = 0; first < parts.size();) {
    size_t count = neighbours(parts, first);
    slabs.push_back(slab(site, parts, first, count, axis));
    first += count;
  }
  return concat(site, slabs, axis);
}

Tensor Emitter::expand(const Site &site, const Tensor &x, const std::vector<int64_t> &shape) {
  std::vector<AxisId> names(shape.size());
  bool fits = x.rank() == 0 || x.rank() == shape.size();
  for (size_t i = 0; fits && i < x.rank(); ++i) {
    fits = x.type.shape[i] == 1 || x.type.shape[i] == shape[i];
    names[i] = x.type.shape[i] == shape[i] ? x.axes[i] : 0;
  }
  if (!fits)
    reporter.fail(site, "cannot expand " + spell(x) + " to " + spellShape(shape) +
                            ": only axes of size 1, or a tensor of rank 0, can grow");
  std::vector<int64_t> positions(x.rank());
  std::iota(positions.begin(), positions.end(), 0);
  return broadcast(site, x, std::move(positions), shape, names);
}

Tensor Emitter::index(const Site &site, const Tensor &x, int64_t axis) {
  return emit(site, op::Index{axis}, {}, {DType::Int, x.type.shape}, x.axes);
}

Tensor Emitter::random(const Site &site, const std::vector<int64_t> &shape, const std::string &stream) {
  std::vector<AxisId> names(shape.size());
  return emit(site, op::Random{stream}, {}, {DType::Float, shape}, std::move(names));
}
