//===- Product.cpp - Products whose smaller factors stand apart -----------===//

#include "Grad/Product.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace nacre::grad;
using namespace nacre::graph;

SmallVector<int64_t> nacre::grad::positionsIn(ArrayRef<int64_t> among, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> positions;
  for (int64_t axis : axes)
    positions.push_back(llvm::find(among, axis) - among.begin());
  return positions;
}

void Product::scaleBy(const Product &other) {
  coefficient *= other.coefficient;
  llvm::append_range(factors, other.factors);
}

const Product &Products::of(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  Product product = analyse(value);
  sort(product.factors);
  return known[value] = product;
}

Product Products::analyse(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isa<FloatType>(getElementTypeOrSelf(value)))
    return {value};
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    std::optional<double> splat = constant.getSplat();
    return splat ? Product{Value(), *splat} : Product{value};
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return broadcastOf(broadcast.getX(), broadcast.getAxes());
  if (auto negation = dyn_cast<NegOp>(op)) {
    Product product = of(negation.getX());
    product.coefficient = -product.coefficient;
    return product;
  }
  if (auto multiplication = dyn_cast<MulOp>(op)) {
    Product a = of(multiplication.getLhs()), b = of(multiplication.getRhs());
    if (a.isPlain() && b.isPlain() && a.core && b.core)
      return {value};
    a.core = a.core && b.core ? ops.binary<MulOp>(a.core, b.core) : a.core ? a.core : b.core;
    a.scaleBy(b);
    return a;
  }
  if (auto division = dyn_cast<DivOp>(op))
    return quotient(division);
  return {value};
}

/// a / b = (core of a / core of b) * scale of a / scale of b.
Product Products::quotient(DivOp op) {
  Product a = of(op.getLhs()), b = of(op.getRhs());
  if (b.core && (!a.core || (a.isPlain() && b.isPlain())))
    return {op.getResult()};
  if (b.core)
    a.core = ops.binary<DivOp>(a.core, b.core);
  a.coefficient /= b.coefficient;
  for (const Factor &factor : b.factors) {
    Value one = ops.constant(cast<RankedTensorType>(factor.value.getType()), 1);
    a.factors.push_back({factor.axes, ops.binary<DivOp>(one, factor.value)});
  }
  return a;
}

Product Products::broadcastOf(Value value, ArrayRef<int64_t> axes) {
  const Product &small = of(value);
  Product product{Value(), small.coefficient};
  if (small.core)
    for (Value leaf : leaves(small.core))
      product.factors.push_back({SmallVector<int64_t>(axes), leaf});
  for (const Factor &factor : small.factors) {
    SmallVector<int64_t> through;
    for (int64_t axis : factor.axes)
      through.push_back(axes[axis]);
    product.factors.push_back({through, factor.value});
  }
  return product;
}

SmallVector<Value> Products::leaves(Value core) {
  SmallVector<Value> found, open{core};
  while (!open.empty()) {
    Value value = open.pop_back_val();
    if (auto product = value.getDefiningOp<MulOp>())
      open.append({product.getLhs(), product.getRhs()});
    else
      found.push_back(value);
  }
  llvm::sort(found, [&](Value a, Value b) { return ops.number(a) < ops.number(b); });
  return found;
}

void Products::sort(SmallVectorImpl<Factor> &factors) {
  llvm::sort(factors, [&](const Factor &a, const Factor &b) {
    if (a.axes.size() != b.axes.size())
      return a.axes.size() < b.axes.size();
    return a.axes != b.axes ? a.axes < b.axes : ops.number(a.value) < ops.number(b.value);
  });
}

SmallVector<Factor> Products::joined(SmallVector<Factor> factors) {
  sort(factors);
  SmallVector<Factor> groups;
  for (const Factor &factor : factors)
    if (!groups.empty() && groups.back().axes == factor.axes)
      groups.back().value = ops.binary<MulOp>(groups.back().value, factor.value);
    else
      groups.push_back(factor);

  SmallVector<Factor> outer;
  for (size_t i = 0; i < groups.size(); ++i) {
    const Factor &small = groups[i];
    Factor *larger = std::find_if(groups.begin() + i + 1, groups.end(), [&](const Factor &group) {
      return llvm::all_of(small.axes, [&](int64_t axis) { return llvm::is_contained(group.axes, axis); });
    });
    if (larger == groups.end()) {
      outer.push_back(small);
      continue;
    }
    Value wide = ops.broadcast(small.value, cast<RankedTensorType>(larger->value.getType()),
                               positionsIn(larger->axes, small.axes));
    larger->value = ops.binary<MulOp>(larger->value, wide);
  }
  return outer;
}

Value Products::materialize(const Product &product, RankedTensorType type) {
  SmallVector<Factor> groups = joined(product.factors);
  Value result = product.core;
  if (groups.empty())
    return result ? ops.scaled(result, product.coefficient) : ops.constant(type, product.coefficient);
  groups.front().value = ops.scaled(groups.front().value, product.coefficient);
  for (const Factor &group : groups) {
    Value wide = ops.broadcast(group.value, type, group.axes);
    result = result ? ops.binary<MulOp>(result, wide) : wide;
  }
  return result;
}
