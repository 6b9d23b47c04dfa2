//===- FormMoments.cpp - Mean and squared distances in one pass -----------===//

#include "Grad/Passes.h"
#include "Graph/Term.h"

namespace nacre::grad {
#define GEN_PASS_DEF_FORMMOMENTS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

/// The sum whose `count`-th part `value` is, however the division is spelled; null if it is none.
static ReduceOp sumOfMean(Value value, double count) {
  Value sum;
  if (auto division = value.getDefiningOp<DivOp>()) {
    if (splatOf(division.getRhs()) == count)
      sum = division.getLhs();
  } else if (auto product = value.getDefiningOp<MulOp>()) {
    for (auto [part, factor] : {std::pair(product.getLhs(), product.getRhs()), {product.getRhs(), product.getLhs()}}) {
      std::optional<double> share = splatOf(factor);
      if (share && std::abs(*share * count - 1) < 1e-6)
        sum = part;
    }
  }
  return sum ? sum.getDefiningOp<ReduceOp>() : ReduceOp();
}

static double countOf(RankedTensorType type, ArrayRef<int64_t> axes) {
  double count = 1;
  for (int64_t axis : axes)
    count *= type.getDimSize(axis);
  return count;
}

namespace {
/// sum((x - mean)^2) with mean = sum(x) / n over the same axes.
struct SquaredDistances {
  ReduceOp sum; ///< of x
  Value mean, x;
};
} // namespace

static std::optional<SquaredDistances> match(ReduceOp squares) {
  auto square = squares.getX().getDefiningOp<MulOp>();
  if (squares.getKind() != ReduceKind::Sum || !square || square.getLhs() != square.getRhs())
    return std::nullopt;
  auto distance = square.getLhs().getDefiningOp<SubOp>();
  auto repeated = distance ? distance.getRhs().getDefiningOp<BroadcastOp>() : BroadcastOp();
  if (!repeated)
    return std::nullopt;
  Value x = distance.getLhs(), mean = repeated.getX();
  auto type = cast<RankedTensorType>(x.getType());
  ReduceOp sum = sumOfMean(mean, countOf(type, squares.getAxes()));
  bool matches = sum && sum.getKind() == ReduceKind::Sum && sum.getX() == x && sum.getAxes() == squares.getAxes() &&
                 repeated.getAxes() == ArrayRef<int64_t>(otherAxes(type.getRank(), squares.getAxes()));
  return matches ? std::optional(SquaredDistances{sum, mean, x}) : std::nullopt;
}

namespace {
struct FormMoments : nacre::grad::impl::FormMomentsBase<FormMoments> {
  void runOnOperation() override {
    SmallVector<ReduceOp> candidates;
    getOperation().walk([&](ReduceOp op) { candidates.push_back(op); });
    for (ReduceOp squares : candidates)
      if (std::optional<SquaredDistances> found = match(squares))
        replace(squares, *found);
  }

  /// A sum that is used beside the mean becomes the mean times n.
  void replace(ReduceOp squares, SquaredDistances found) {
    OpBuilder builder(found.sum);
    Type type = squares.getType();
    auto moments = MomentsOp::create(builder, squares.getLoc(), type, type, found.x, squares.getAxes());
    found.mean.replaceAllUsesWith(moments.getMean());
    squares.getResult().replaceAllUsesWith(moments.getM2());
    found.mean.getDefiningOp()->erase();
    squares.erase();
    if (!found.sum->use_empty()) {
      Term mean(builder, found.sum.getLoc(), moments.getMean());
      found.sum.getResult().replaceAllUsesWith(mean *
                                               countOf(cast<RankedTensorType>(found.x.getType()), moments.getAxes()));
    }
    found.sum.erase();
    ++formed;
  }
};
} // namespace
