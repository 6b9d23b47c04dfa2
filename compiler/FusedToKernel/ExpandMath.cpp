//===- ExpandMath.cpp - Elementary functions into arithmetic --------------===//

#include "FusedToKernel/ElementaryFunctions.h"
#include "FusedToKernel/Passes.h"

#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;
using namespace nacre::kernel;

namespace nacre::kernel {
#define GEN_PASS_DEF_EXPANDMATH
#include "FusedToKernel/Passes.h.inc"
} // namespace nacre::kernel

namespace {

/// Replaces a function of one or two numbers by its code.
template <typename Op, auto emit> struct Expand : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Type element = getElementTypeOrSelf(op.getType());
    if (!element.isF32() && !element.isF64())
      return rewriter.notifyMatchFailure(op, "there is code for f32 and f64 only");
    FloatMath math{rewriter, op.getLoc(), op.getType()};
    if constexpr (Op::template hasTrait<OpTrait::OneOperand>())
      rewriter.replaceOp(op, emit(math, op->getOperand(0)));
    else
      rewriter.replaceOp(op, emit(math, op->getOperand(0), op->getOperand(1)));
    return success();
  }
};

struct ExpandMath : nacre::kernel::impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Expand<math::ExpOp, emitExp>, Expand<math::LogOp, emitLog>, Expand<math::TanhOp, emitTanh>,
                 Expand<math::ErfOp, emitErf>, Expand<math::SinOp, emitSin>, Expand<math::CosOp, emitCos>,
                 Expand<math::PowFOp, emitPow>, Expand<math::RsqrtOp, emitRsqrt>>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
