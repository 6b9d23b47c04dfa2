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

/// An f32 begins with the bits of the bf16. Processors convert a fraction of the numbers that they shift in the same
/// time, and LLVM does not compare the narrow numbers instead, which some targets cannot.
struct WidenBf16 : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    Value narrow = op.getIn();
    if (!getElementTypeOrSelf(narrow.getType()).isBF16() || !getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not from bf16 to f32");
    auto withElement = [&](Type element) -> Type {
      auto vector = dyn_cast<VectorType>(op.getType());
      return vector ? Type(vector.clone(element)) : element;
    };
    Location loc = op.getLoc();
    Type word = withElement(rewriter.getI32Type());
    Value bits = arith::BitcastOp::create(rewriter, loc, withElement(rewriter.getI16Type()), narrow);
    bits = arith::ExtUIOp::create(rewriter, loc, word, bits);
    auto distance = rewriter.getI32IntegerAttr(16);
    auto vector = dyn_cast<VectorType>(word);
    Value by = arith::ConstantOp::create(
        rewriter, loc, vector ? TypedAttr(DenseElementsAttr::get(vector, Attribute(distance))) : distance);
    bits = arith::ShLIOp::create(rewriter, loc, bits, by);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), bits);
    return success();
  }
};

struct ExpandMath : nacre::kernel::impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Expand<math::ExpOp, emitExp>, Expand<math::LogOp, emitLog>, Expand<math::TanhOp, emitTanh>,
                 Expand<math::ErfOp, emitErf>, Expand<math::SinOp, emitSin>, Expand<math::CosOp, emitCos>,
                 Expand<math::PowFOp, emitPow>, Expand<math::RsqrtOp, emitRsqrt>, WidenBf16>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
