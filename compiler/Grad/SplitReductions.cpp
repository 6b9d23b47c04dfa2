//===- SplitReductions.cpp - First per sample, then over the batch --------===//

#include "Grad/MergeMoments.h"
#include "Grad/Passes.h"
#include "Graph/Term.h"

namespace nacre::grad {
#define GEN_PASS_DEF_SPLITREDUCTIONS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

/// Whether a reduction over these axes mixes samples and is worth two steps.
static bool mixesSamples(RankedTensorType type, ArrayRef<int64_t> axes, int64_t threshold) {
  return axes.size() > 1 && llvm::is_contained(axes, 0) && type.getNumElements() > threshold;
}

static SmallVector<int64_t> withoutBatch(ArrayRef<int64_t> axes) {
  SmallVector<int64_t> rest(axes);
  llvm::erase(rest, 0);
  return rest;
}

static void split(ReduceOp op) {
  OpBuilder builder(op);
  Term x(builder, op.getLoc(), op.getX());
  op.getResult().replaceAllUsesWith(x.reduce(op.getKind(), withoutBatch(op.getAxes())).reduce(op.getKind(), {0}));
  op.erase();
}

static void split(MomentsOp op) {
  OpBuilder builder(op);
  auto type = cast<RankedTensorType>(op.getX().getType());
  SmallVector<int64_t> axes = withoutBatch(op.getAxes()), shape{type.getDimSize(0)};
  double count = 1;
  for (int64_t axis : axes)
    count *= type.getDimSize(axis);
  llvm::append_range(shape, op.getMean().getType().getShape());

  auto partType = type.clone(shape);
  auto parts = MomentsOp::create(builder, op.getLoc(), partType, partType, op.getX(), axes);
  Term mean(builder, op.getLoc(), parts.getMean());
  nacre::grad::Moments all = nacre::grad::mergeMoments(builder, {mean, mean.at(parts.getM2())}, {0}, count);
  op.getMean().replaceAllUsesWith(all.mean);
  op.getM2().replaceAllUsesWith(all.m2);
  op.erase();
}

namespace {
struct SplitReductions : nacre::grad::impl::SplitReductionsBase<SplitReductions> {
  using SplitReductionsBase::SplitReductionsBase;

  void runOnOperation() override {
    getOperation().walk([&](Operation *op) {
      if (auto reduce = dyn_cast<ReduceOp>(op)) {
        if (mixesSamples(cast<RankedTensorType>(reduce.getX().getType()), reduce.getAxes(), threshold))
          split(reduce), ++splits;
      } else if (auto moments = dyn_cast<MomentsOp>(op)) {
        if (mixesSamples(cast<RankedTensorType>(moments.getX().getType()), moments.getAxes(), threshold))
          split(moments), ++splits;
      }
    });
  }
};
} // namespace
