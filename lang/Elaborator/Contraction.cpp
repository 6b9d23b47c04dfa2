//===- Contraction.cpp - Reductions, dot, convolutions, windows -----------===//

#include "lang/Elaborator/Emitter.h"

#include <algorithm>
#include <numeric>

using namespace nacre::lang;

Tensor Emitter::reduce(const Site &site, ReduceKind kind, const Tensor &x, std::vector<int64_t> over) {
  if (x.type.dtype != DType::Float && x.type.dtype != DType::Int)
    reporter.fail(site, "a tensor of " + dtypeName(x.type.dtype) + " cannot be reduced; float(x) converts");
  if (over.empty())
    return x;
  std::sort(over.begin(), over.end());
  TensorType type{x.type.dtype, {}};
  std::vector<AxisId> names;
  for (size_t i = 0; i < x.rank(); ++i)
    if (!std::binary_search(over.begin(), over.end(), static_cast<int64_t>(i))) {
      type.shape.push_back(x.type.shape[i]);
      names.push_back(x.axes[i]);
    }
  return emit(site, op::Reduce{kind, std::move(over)}, {x}, std::move(type), std::move(names));
}

namespace {
/// What becomes of each axis of a `dot`.
struct Pairing {
  op::Dot op;
  std::vector<int64_t> lhsFree, rhsFree;
};
} // namespace

/// Axes with one name in both tensors are paired; those in `over` are summed, the others kept once.
static Pairing pair(const Tensor &a, const Tensor &b, const std::vector<int64_t> &over) {
  Pairing result;
  std::vector<bool> used(b.rank());
  for (size_t i = 0; i < a.rank(); ++i) {
    auto found = a.axes[i] ? std::find(b.axes.begin(), b.axes.end(), a.axes[i]) : b.axes.end();
    if (found == b.axes.end()) {
      result.lhsFree.push_back(i);
      continue;
    }
    int64_t other = found - b.axes.begin();
    used[other] = true;
    bool summed = std::find(over.begin(), over.end(), static_cast<int64_t>(i)) != over.end();
    (summed ? result.op.lhsContract : result.op.lhsBatch).push_back(i);
    (summed ? result.op.rhsContract : result.op.rhsBatch).push_back(other);
  }
  for (size_t i = 0; i < b.rank(); ++i)
    if (!used[i])
      result.rhsFree.push_back(i);
  return result;
}

Tensor Emitter::dot(const Site &site, const Operand &left, const Operand &right, const std::vector<int64_t> &over) {
  const Tensor &a = *left.term.asTensor(), &b = *right.term.asTensor();
  for (const Operand *operand : {&left, &right})
    if (operand->term.asTensor()->type.dtype != DType::Float)
      clash(site, "dot multiplies floats, not " + dtypeName(operand->term.asTensor()->type.dtype), {*operand});
  for (int64_t axis : over)
    if (!a.axes[axis] || std::count(b.axes.begin(), b.axes.end(), a.axes[axis]) != 1) {
      const std::string &name = axes.name(a.axes[axis]);
      clash(site,
            name.empty() ? "dot sums over axes that both tensors name, but axis " + std::to_string(axis) +
                               " of the first has no name here; give it one with a type"
                         : "dot sums over axes that both tensors name, but '" + name + "' is no axis of the second",
            {left, right});
    }
  Pairing pairing = pair(a, b, over);
  auto check = [&](const std::vector<int64_t> &lhs, const std::vector<int64_t> &rhs) {
    for (size_t i = 0; i < lhs.size(); ++i)
      if (a.type.shape[lhs[i]] != b.type.shape[rhs[i]])
        clash(site,
              "axis '" + axes.name(a.axes[lhs[i]]) + "' is " + std::to_string(a.type.shape[lhs[i]]) +
                  " on the left and " + std::to_string(b.type.shape[rhs[i]]) + " on the right",
              {left, right});
  };
  check(pairing.op.lhsContract, pairing.op.rhsContract);
  check(pairing.op.lhsBatch, pairing.op.rhsBatch);

  // The op gives batch, lhs, rhs; the language wants the axes of a in their order, then b's own.
  std::vector<int64_t> source(pairing.op.lhsBatch);
  source.insert(source.end(), pairing.lhsFree.begin(), pairing.lhsFree.end());
  TensorType type;
  std::vector<AxisId> names;
  for (int64_t axis : source) {
    type.shape.push_back(a.type.shape[axis]);
    names.push_back(a.axes[axis]);
  }
  std::vector<int64_t> order(source.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t i, int64_t j) { return source[i] < source[j]; });
  for (int64_t axis : pairing.rhsFree) {
    order.push_back(order.size());
    type.shape.push_back(b.type.shape[axis]);
    names.push_back(b.axes[axis]);
  }
  Tensor result = emit(site, pairing.op, {a, b}, std::move(type), std::move(names));
  return std::is_sorted(order.begin(), order.end()) ? result : transpose(site, result, order);
}

/// What is wrong with a convolution's operands whatever its direction; empty if nothing.
static std::string convMistake(const std::string &what, const Tensor &x, const Tensor &w, int64_t groups) {
  if (x.type.dtype != DType::Float || w.type.dtype != DType::Float)
    return what + " works on floats; float(x) converts";
  if (x.rank() < 3)
    return what + " needs x as [N, C, ...] with at least one spatial axis";
  if (w.rank() != x.rank())
    return what + " needs a weight of x's rank " + std::to_string(x.rank()) + ", not " + std::to_string(w.rank());
  return groups < 1 ? what + ": " + std::to_string(groups) + " groups" : "";
}

Tensor Emitter::conv(const Site &site, const Operand &input, const Operand &weight, const Geometry &geometry) {
  const Tensor &x = *input.term.asTensor(), &w = *weight.term.asTensor();
  auto fail = [&](std::string text) { clash(site, text, {input, weight}); };
  if (std::string mistake = convMistake("conv", x, w, geometry.groups); !mistake.empty())
    fail(mistake);
  int64_t channels = x.type.shape[1], groups = geometry.groups;
  if (channels % groups || w.type.shape[0] % groups || w.type.shape[1] != channels / groups)
    fail("conv: x has " + std::to_string(channels) + " channels in " + std::to_string(groups) +
         " groups, so the weight must be [K, " + std::to_string(channels / groups) + ", ...], K a multiple of " +
         std::to_string(groups));
  TensorType type{DType::Float, {x.type.shape[0], w.type.shape[0]}};
  for (size_t i = 2; i < x.rank(); ++i) {
    int64_t pad = geometry.pad[i - 2], stride = geometry.stride[i - 2];
    int64_t span = geometry.dilation[i - 2] * (w.type.shape[i] - 1) + 1, size = x.type.shape[i] + 2 * pad;
    if (stride < 1 || geometry.dilation[i - 2] < 1 || pad < 0)
      fail("conv: stride and dilation must be at least 1, pad at least 0");
    if (size < span)
      fail("conv: a kernel of extent " + std::to_string(span) + " does not fit axis " + std::to_string(i) +
           " of size " + std::to_string(x.type.shape[i]) + " with pad " + std::to_string(pad));
    type.shape.push_back((size - span) / stride + 1);
  }
  std::vector<AxisId> names(x.rank());
  names[0] = x.axes[0];
  return emit(site, op::Conv{geometry.stride, geometry.pad, geometry.dilation, groups}, {x, w}, std::move(type), names);
}

Tensor Emitter::convTranspose(const Site &site, const Operand &input, const Operand &weight, const Geometry &geometry) {
  const Tensor &x = *input.term.asTensor(), &w = *weight.term.asTensor();
  auto fail = [&](std::string text) { clash(site, text, {input, weight}); };
  if (std::string mistake = convMistake("conv_transpose", x, w, geometry.groups); !mistake.empty())
    fail(mistake);
  int64_t channels = x.type.shape[1], groups = geometry.groups;
  if (channels % groups || w.type.shape[0] != channels)
    fail("conv_transpose: x has " + std::to_string(channels) + " channels in " + std::to_string(groups) +
         " groups, so the weight must be [" + std::to_string(channels) + ", K / " + std::to_string(groups) + ", ...]");
  TensorType type{DType::Float, {x.type.shape[0], w.type.shape[1] * groups}};
  for (size_t i = 2; i < x.rank(); ++i) {
    int64_t pad = geometry.pad[i - 2], stride = geometry.stride[i - 2], extra = geometry.outputPad[i - 2];
    int64_t dilation = geometry.dilation[i - 2];
    if (stride < 1 || dilation < 1 || pad < 0 || extra < 0)
      fail("conv_transpose: stride and dilation must be at least 1, pads at least 0");
    if (extra >= std::max(stride, dilation))
      fail("conv_transpose: output_pad " + std::to_string(extra) + " must be less than stride or dilation");
    type.shape.push_back((x.type.shape[i] - 1) * stride - 2 * pad + dilation * (w.type.shape[i] - 1) + 1 + extra);
  }
  std::vector<AxisId> names(x.rank());
  names[0] = x.axes[0];
  op::ConvTranspose code{geometry.stride, geometry.pad, geometry.outputPad, geometry.dilation, groups};
  return emit(site, std::move(code), {x, w}, std::move(type), names);
}

Tensor Emitter::window(const Site &site, ReduceKind kind, const Tensor &x, const Geometry &geometry) {
  if (x.type.dtype != DType::Float)
    reporter.fail(site, "a window works on floats; float(x) converts");
  TensorType type{DType::Float, {x.type.shape[0], x.type.shape[1]}};
  for (size_t i = 2; i < x.rank(); ++i) {
    int64_t kernel = geometry.kernel[i - 2], stride = geometry.stride[i - 2], pad = geometry.pad[i - 2];
    if (kernel < 1 || stride < 1 || pad < 0)
      reporter.fail(site, "a window needs kernel and stride of at least 1 and a pad of at least 0");
    if (2 * pad > kernel)
      reporter.fail(site,
                    "a pad of " + std::to_string(pad) + " is more than half of the window, " + std::to_string(kernel));
    if (x.type.shape[i] + 2 * pad < kernel)
      reporter.fail(site, "a window of " + std::to_string(kernel) + " does not fit axis " + std::to_string(i) +
                              " of size " + std::to_string(x.type.shape[i]) + " with pad " + std::to_string(pad));
    type.shape.push_back((x.type.shape[i] + 2 * pad - kernel) / stride + 1);
  }
  std::vector<AxisId> names(x.rank());
  names[0] = x.axes[0];
  names[1] = x.axes[1];
  return emit(site, op::Window{kind, geometry.kernel, geometry.stride, geometry.pad}, {x}, std::move(type), names);
}
