//===- UniteAxes.cpp - Work on whole axes, not on their parts -------------===//
//
// A group norm sees its channels as groups: [N, C, H, W] as [N, G, D, H, W]. In memory
// channels are one axis, and innermost; vectors of D of them are short. So a reshape
// that splits an axis goes behind the elementwise ops that read it, as long as what
// they read beside it is small, and a reduction sums over the other axes first.
//
//===----------------------------------------------------------------------===//

#include "Grad/MergeMoments.h"
#include "Grad/Passes.h"
#include "Graph/Term.h"

namespace nacre::grad {
#define GEN_PASS_DEF_UNITEAXES
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;
using nacre::grad::Moments;

/// What is broadcast may be written out along the parts of an axis if it then still has so few of the elements.
static constexpr int64_t smallShare = 8;

namespace {

/// A reshape that makes several axes of one.
struct Split {
  int64_t axis, parts;
  SmallVector<int64_t> whole; ///< The shape before.

  static std::optional<Split> of(ReshapeOp op) {
    ArrayRef<int64_t> from = op.getX().getType().getShape(), to = op.getType().getShape();
    int64_t parts = to.size() - from.size() + 1, axis = 0;
    if (parts < 2)
      return std::nullopt;
    while (axis < int64_t(from.size()) && from[axis] == to[axis])
      ++axis;
    if (axis == int64_t(from.size()) || from.drop_front(axis + 1) != to.drop_front(axis + parts))
      return std::nullopt;
    return Split{axis, parts, SmallVector<int64_t>(from)};
  }

  bool isPart(int64_t place) const { return axis <= place && place < axis + parts; }
  /// The number before the split of an axis that is no part.
  int64_t before(int64_t place) const { return place < axis ? place : place - parts + 1; }
};

/// Rewrites one op that reads a split value.
class Uniter {
public:
  Uniter(Operation *op, const Split &split) : op(op), split(split), builder(op) {}

  bool elementwise() {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      std::optional<Term> whole = united(operand);
      if (!whole)
        return false;
      operands.push_back(*whole);
    }
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    OperationState state(op->getLoc(), op->getName(), operands, {type.clone(split.whole)}, op->getAttrs());
    Term result = term(builder.create(state)->getResult(0));
    op->getResult(0).replaceAllUsesWith(result.reshape(type.getShape()));
    op->erase();
    return true;
  }

  void reduce(ReduceOp reduce) {
    Axes axes(split, reduce.getAxes());
    Term rest = *united(reduce.getX());
    Term parts = rest.reduce(reduce.getKind(), axes.others).reshape(axes.shapeOfParts(reduce.getX()));
    replace(reduce.getResult(), parts.reduce(reduce.getKind(), axes.parts));
  }

  void moments(MomentsOp moments) {
    Axes axes(split, moments.getAxes());
    Term x = *united(moments.getX());
    SmallVector<int64_t> kept, shape = axes.shapeOfParts(moments.getX());
    double count = 1;
    for (int64_t axis = 0; axis < x.rank(); ++axis)
      if (llvm::is_contained(axes.others, axis))
        count *= x.shape()[axis];
      else
        kept.push_back(x.shape()[axis]);
    auto type = x.type().clone(kept);
    auto inner = MomentsOp::create(builder, op->getLoc(), type, type, x, axes.others);
    Moments parts{term(inner.getMean()).reshape(shape), term(inner.getM2()).reshape(shape)};
    Moments all = axes.parts.empty() ? parts : nacre::grad::mergeMoments(builder, parts, axes.parts, count);
    replace(moments.getMean(), all.mean);
    replace(moments.getM2(), all.m2);
  }

private:
  /// The axes of a reduction: those that are parts, numbered as in what is left by the others, and the others.
  struct Axes {
    SmallVector<int64_t> reduced, parts, others;

    Axes(const Split &split, ArrayRef<int64_t> axes) : reduced(axes) {
      for (int64_t axis : axes)
        if (!split.isPart(axis))
          others.push_back(split.before(axis));
      for (int64_t axis : axes)
        if (split.isPart(axis))
          parts.push_back(axis - llvm::count_if(axes, [&](int64_t a) { return a < axis && !split.isPart(a); }));
      isPart = [split](int64_t axis) { return split.isPart(axis); };
    }

    /// The shape of the split value once the other axes are gone.
    SmallVector<int64_t> shapeOfParts(Value value) const {
      SmallVector<int64_t> shape;
      for (auto [axis, size] : llvm::enumerate(cast<RankedTensorType>(value.getType()).getShape()))
        if (isPart(axis) || !llvm::is_contained(reduced, int64_t(axis)))
          shape.push_back(size);
      return shape;
    }

    std::function<bool(int64_t)> isPart;
  };

  Term term(Value value) { return Term(builder, op->getLoc(), value); }

  void replace(Value old, Term fresh) { old.replaceAllUsesWith(fresh); }

  /// The value before the split, if it is there or easily had.
  std::optional<Term> united(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (auto reshape = value.getDefiningOp<ReshapeOp>())
      if (reshape.getX().getType().getShape() == ArrayRef(split.whole))
        return term(reshape.getX());
    if (std::optional<double> splat = splatOf(value))
      return term(ConstantOp::create(builder, op->getLoc(), type.clone(split.whole), *splat));
    auto broadcast = value.getDefiningOp<BroadcastOp>();
    return broadcast ? united(broadcast) : std::nullopt;
  }

  /// Writes what is broadcast out along all parts or none.
  std::optional<Term> united(BroadcastOp broadcast) {
    Term x = term(broadcast.getX());
    ArrayRef<int64_t> shape = broadcast.getType().getShape();
    SmallVector<int64_t> axes(broadcast.getAxes()), wide;
    bool hasParts = llvm::any_of(axes, [&](int64_t axis) { return split.isPart(axis); });
    for (int64_t axis = 0; axis < int64_t(shape.size()); ++axis)
      if (llvm::is_contained(axes, axis) || (hasParts && split.isPart(axis)))
        wide.push_back(axis);
    SmallVector<int64_t> wideShape, places, wholeShape, wholeAxes;
    int64_t elements = 1;
    for (auto [place, axis] : llvm::enumerate(wide)) {
      wideShape.push_back(shape[axis]);
      elements *= shape[axis];
      if (llvm::is_contained(axes, axis))
        places.push_back(place);
      if (split.isPart(axis) && axis != split.axis)
        continue;
      wholeAxes.push_back(split.isPart(axis) ? split.axis : split.before(axis));
      wholeShape.push_back(split.whole[wholeAxes.back()]);
    }
    if (elements * smallShare > broadcast.getType().getNumElements())
      return std::nullopt;
    Term written = x.broadcast(x.type().clone(wideShape), places).reshape(wholeShape);
    return written.broadcast(x.type().clone(split.whole), wholeAxes);
  }

  Operation *op;
  const Split &split;
  OpBuilder builder;
};

/// The split that an operand has been through.
std::optional<Split> splitOf(Operation *op) {
  for (Value operand : op->getOperands())
    if (auto reshape = operand.getDefiningOp<ReshapeOp>())
      if (std::optional<Split> split = Split::of(reshape))
        return split;
  return std::nullopt;
}

/// Whether a reduction goes over other axes than parts of the split one.
bool hasOthers(const Split &split, ArrayRef<int64_t> axes) {
  return llvm::any_of(axes, [&](int64_t axis) { return !split.isPart(axis); });
}

struct UniteAxes : nacre::grad::impl::UniteAxesBase<UniteAxes> {
  void runOnOperation() override {
    for (Operation &op : llvm::make_early_inc_range(getOperation().front().without_terminator())) {
      std::optional<Split> split = splitOf(&op);
      if (!split)
        continue;
      if (op.hasTrait<OpTrait::Elementwise>())
        united += Uniter(&op, *split).elementwise();
      else if (auto reduce = dyn_cast<ReduceOp>(op); reduce && hasOthers(*split, reduce.getAxes()))
        Uniter(&op, *split).reduce(reduce), ++united;
      else if (auto moments = dyn_cast<MomentsOp>(op); moments && hasOthers(*split, moments.getAxes()))
        Uniter(&op, *split).moments(moments), ++united;
    }
  }
};

} // namespace
