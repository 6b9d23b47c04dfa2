//===- ReduceSimplify.cpp - Takes out of sums what does not vary ----------===//
//
// The laws are numbered as in Passes.td. The body is rewritten from top to
// bottom, so whatever was met is available below.
//
//===----------------------------------------------------------------------===//

#include "Grad/Passes.h"
#include "Grad/Product.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

namespace nacre::grad {
#define GEN_PASS_DEF_REDUCESIMPLIFY
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::grad;
using namespace nacre::graph;

using Axes = ArrayRef<int64_t>;

/// A sum over fewer elements than this is not worth a partial result (law 6).
static constexpr int64_t smallestPartial = 8;
/// Sums of more parts than this stay whole (law 4).
static constexpr size_t mostTerms = 12;

static bool isInvariant(const Factor &factor, Axes axes) {
  return llvm::none_of(axes, [&](int64_t axis) { return llvm::is_contained(factor.axes, axis); });
}

static SmallVector<int64_t> difference(Axes axes, Axes without) {
  SmallVector<int64_t> rest;
  llvm::copy_if(axes, std::back_inserter(rest), [&](int64_t axis) { return !llvm::is_contained(without, axis); });
  return rest;
}

static int64_t countOf(RankedTensorType type, Axes axes) {
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= type.getDimSize(axis);
  return count;
}

static RankedTensorType typeAt(RankedTensorType type, Axes axes) {
  SmallVector<int64_t> shape;
  for (int64_t axis : axes)
    shape.push_back(type.getDimSize(axis));
  return type.clone(shape);
}

namespace {
class Sums {
public:
  Sums(UniqueOps &ops, Products &products) : ops(ops), products(products) {}

  /// The value of a sum, by all laws.
  Value simplified(ReduceOp op);

  int64_t shared = 0, split = 0, vanished = 0;

private:
  using Key = std::vector<int64_t>;

  /// value * scale as a sum of products; parts that are zero by law 5 are left out.
  void collect(Value value, const Product &scale, Axes axes, SmallVectorImpl<Product> &terms);
  /// x - broadcast(mean of x over axes).
  bool isDistanceFromMean(Value value, Axes axes);
  /// Whether the sum of a term needs no new reduction of its core.
  bool isAvailable(const Product &term, Axes axes);
  /// The sum of a term, as a product of the reduced shape.
  Product sumOf(const Product &term, RankedTensorType type, Axes axes);
  /// Law 3: nothing but broadcasts.
  Product sumOfFactors(Axes kept, ArrayRef<Factor> factors, RankedTensorType type, Axes axes);
  /// Laws 1 and 7: one reduction for each set of factors.
  Value reductionOf(Value core, ArrayRef<Factor> inner, RankedTensorType type, Axes axes);
  Key keyOf(Value core, ArrayRef<Factor> inner, Axes axes);

  UniqueOps &ops;
  Products &products;
  std::map<Key, Value> reductions;
  /// What each simplified reduction is, for law 5: by number of x, then axes.
  std::map<Key, Value> totals;
};
} // namespace

Value Sums::simplified(ReduceOp op) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  auto reduced = cast<RankedTensorType>(op.getType());
  SmallVector<Product> terms;
  int64_t vanishedBefore = vanished;
  collect(op.getX(), Product(), op.getAxes(), terms);
  bool whole =
      terms.size() > mostTerms ||
      (terms.size() > 1 && !llvm::all_of(terms, [&](const Product &term) { return isAvailable(term, op.getAxes()); }));
  if (whole) {
    terms = {products.of(op.getX())};
    vanished = vanishedBefore;
  }
  split += terms.size() > 1;

  Value sum;
  for (const Product &term : terms) {
    Value part = products.materialize(sumOf(term, type, op.getAxes()), reduced);
    sum = sum ? ops.binary<AddOp>(sum, part) : part;
  }
  sum = sum ? sum : ops.constant(reduced, 0);
  Key key{ops.number(op.getX())};
  llvm::append_range(key, op.getAxes());
  totals[key] = sum;
  return sum;
}

void Sums::collect(Value value, const Product &scale, Axes axes, SmallVectorImpl<Product> &terms) {
  Product term = products.of(value);
  term.scaleBy(scale);
  bool outside = llvm::all_of(term.factors, [&](const Factor &factor) { return isInvariant(factor, axes); });
  Operation *op = term.core && outside ? term.core.getDefiningOp() : nullptr;
  if (!isa_and_present<AddOp, SubOp>(op) || terms.size() > mostTerms) {
    terms.push_back(term);
  } else if (isDistanceFromMean(term.core, axes)) {
    ++vanished;
  } else {
    term.core = Value();
    collect(op->getOperand(0), term, axes, terms);
    term.coefficient *= isa<SubOp>(op) ? -1 : 1;
    collect(op->getOperand(1), term, axes, terms);
  }
}

bool Sums::isDistanceFromMean(Value value, Axes axes) {
  auto distance = value.getDefiningOp<SubOp>();
  auto repeated = distance ? distance.getRhs().getDefiningOp<BroadcastOp>() : BroadcastOp();
  if (!repeated)
    return false;
  auto type = cast<RankedTensorType>(distance.getType());
  if (repeated.getAxes() != Axes(otherAxes(type.getRank(), axes)))
    return false;
  if (auto moments = repeated.getX().getDefiningOp<MomentsOp>())
    return repeated.getX() == moments.getMean() && moments.getX() == distance.getLhs() && moments.getAxes() == axes;

  Key key{ops.number(distance.getLhs())};
  llvm::append_range(key, axes);
  auto total = totals.find(key);
  if (total == totals.end())
    return false;
  const Product mean = products.of(repeated.getX()), sum = products.of(total->second);
  return mean.core == sum.core && mean.factors == sum.factors &&
         std::abs(mean.coefficient * countOf(type, axes) / sum.coefficient - 1) < 1e-6;
}

bool Sums::isAvailable(const Product &term, Axes axes) {
  if (!term.core)
    return true;
  SmallVector<Factor> inner;
  llvm::copy_if(term.factors, std::back_inserter(inner), [&](const Factor &f) { return !isInvariant(f, axes); });
  return reductions.contains(keyOf(term.core, inner, axes));
}

Product Sums::sumOf(const Product &term, RankedTensorType type, Axes axes) {
  SmallVector<int64_t> kept = otherAxes(type.getRank(), axes), partial(axes);
  SmallVector<Factor> inner;
  Product result{Value(), term.coefficient};
  for (const Factor &factor : term.factors) {
    if (isInvariant(factor, axes)) {
      result.factors.push_back({positionsIn(kept, factor.axes), factor.value});
      continue;
    }
    inner.push_back(factor);
    partial = difference(partial, factor.axes);
  }
  Product rest;
  if (!term.core) {
    rest = sumOfFactors(kept, inner, type, axes);
  } else if (inner.empty() || partial.empty() || countOf(type, partial) < smallestPartial) {
    rest.core = reductionOf(term.core, inner, type, axes);
  } else { // law 6
    SmallVector<int64_t> remaining = otherAxes(type.getRank(), partial);
    Product first = sumOf({term.core}, type, partial);
    for (const Factor &factor : inner)
      first.factors.push_back({positionsIn(remaining, factor.axes), factor.value});
    rest = sumOf(first, typeAt(type, remaining), positionsIn(remaining, difference(axes, partial)));
  }
  result.core = rest.core;
  result.scaleBy(rest);
  return result;
}

Product Sums::sumOfFactors(Axes kept, ArrayRef<Factor> factors, RankedTensorType type, Axes axes) {
  SmallVector<int64_t> varying;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (llvm::any_of(factors, [&](const Factor &factor) { return llvm::is_contained(factor.axes, axis); }))
      varying.push_back(axis);
  Product result{Value(), double(countOf(type, difference(axes, varying)))};
  if (factors.empty())
    return result;

  Product narrow;
  for (const Factor &factor : factors)
    narrow.factors.push_back({positionsIn(varying, factor.axes), factor.value});
  RankedTensorType narrowType = typeAt(type, varying);
  SmallVector<int64_t> summed = positionsIn(varying, difference(axes, difference(axes, varying)));
  Value x = products.materialize(narrow, narrowType);
  Value sum = ops.unique(ops.term(x).reduce(ReduceKind::Sum, summed));
  result.factors.push_back({positionsIn(kept, difference(varying, axes)), sum});
  return result;
}

Value Sums::reductionOf(Value core, ArrayRef<Factor> inner, RankedTensorType type, Axes axes) {
  auto [place, isNew] = reductions.try_emplace(keyOf(core, inner, axes));
  if (!isNew) {
    ++shared;
    return place->second;
  }
  Value x = products.materialize({core, 1, SmallVector<Factor>(inner)}, type);
  return place->second = ops.unique(ops.term(x).reduce(ReduceKind::Sum, axes));
}

Sums::Key Sums::keyOf(Value core, ArrayRef<Factor> inner, Axes axes) {
  constexpr int64_t separator = -1;
  Key key(axes.begin(), axes.end());
  key.push_back(separator);
  for (Value leaf : products.leaves(core))
    key.push_back(ops.number(leaf));
  for (const Factor &factor : inner) {
    key.push_back(separator);
    key.push_back(ops.number(factor.value));
    llvm::append_range(key, factor.axes);
  }
  return key;
}

/// Law 2: an elementwise function of broadcasts (and splats) is computed in the
/// smallest shape that has all their axes. Null if it is the op's own.
static Value narrowed(UniqueOps &ops, Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !op->hasTrait<OpTrait::Elementwise>())
    return Value();
  SmallVector<int64_t> axes;
  bool anyBroadcast = false;
  for (Value operand : op->getOperands()) {
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    anyBroadcast |= bool(broadcast);
    auto constant = operand.getDefiningOp<ConstantOp>();
    if (!broadcast && !(constant && constant.getSplat()))
      return Value();
    if (broadcast)
      axes = difference(axes, broadcast.getAxes()), llvm::append_range(axes, broadcast.getAxes());
  }
  llvm::sort(axes);
  if (!anyBroadcast || int64_t(axes.size()) == type.getRank())
    return Value();

  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    RankedTensorType narrow = typeAt(cast<RankedTensorType>(operand.getType()), axes);
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    operands.push_back(broadcast ? ops.broadcast(broadcast.getX(), narrow, positionsIn(axes, broadcast.getAxes()))
                                 : ops.constant(narrow, *operand.getDefiningOp<ConstantOp>().getSplat()));
  }
  OpBuilder builder(op);
  Operation *small =
      builder.create(op->getLoc(), op->getName().getIdentifier(), operands, typeAt(type, axes), op->getAttrs());
  return ops.broadcast(ops.unique(small->getResult(0)), type, axes);
}

namespace {
struct ReduceSimplify : nacre::grad::impl::ReduceSimplifyBase<ReduceSimplify> {
  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    UniqueOps ops(getOperation());
    Products products(ops);
    Sums sums(ops, products);
    SmallVector<Operation *> body;
    for (Operation &op : getOperation().front().without_terminator())
      body.push_back(&op);
    for (Operation *op : body)
      if (op->getNumResults() == 1)
        visit(op, ops, products, sums);
    eraseUnused();
    shared += sums.shared;
    split += sums.split;
    vanished += sums.vanished;
  }

private:
  static void visit(Operation *op, UniqueOps &ops, Products &products, Sums &sums) {
    ops.moveBefore(op);
    Value old = op->getResult(0), fresh = ops.meet(old);
    if (fresh != old)
      return ops.replace(old, fresh);
    if (Value narrow = narrowed(ops, op))
      fresh = narrow;
    else if (isa<MulOp, DivOp, NegOp>(op) && !products.of(old).isPlain())
      fresh = products.materialize(products.of(old), cast<RankedTensorType>(old.getType()));
    else if (auto reduce = dyn_cast<ReduceOp>(op);
             reduce && reduce.getKind() == ReduceKind::Sum && isa<FloatType>(getElementTypeOrSelf(old)))
      fresh = sums.simplified(reduce);
    if (fresh != old)
      ops.replace(old, fresh);
  }

  void eraseUnused() {
    SmallVector<Operation *> body;
    for (Operation &op : getOperation().front().without_terminator())
      body.push_back(&op);
    for (Operation *op : llvm::reverse(body))
      if (isOpTriviallyDead(op))
        op->erase();
  }
};
} // namespace
