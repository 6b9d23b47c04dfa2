//===- CanonicalizePow.cpp - Powers with a known exponent -----------------===//

#include "Graph/Graph.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace nacre::graph;

namespace {

/// x^2 -> x * x, and likewise 0, 1, 3, 0.5 and their negatives: products and
/// square roots are exact to the last bit or one off, and far cheaper.
struct ExpandKnownPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    auto constant = op.getRhs().getDefiningOp<ConstantOp>();
    std::optional<double> exponent = constant ? constant.getSplat() : std::nullopt;
    if (!exponent)
      return rewriter.notifyMatchFailure(op, "the exponent is not known");
    Value power = positivePower(rewriter, op, std::abs(*exponent));
    if (!power)
      return rewriter.notifyMatchFailure(op, "the exponent is neither 0, 1, 2, 3 nor 0.5");
    if (*exponent == -0.5) {
      rewriter.replaceOpWithNewOp<RsqrtOp>(op, op.getLhs());
      return success();
    }
    if (*exponent < 0)
      power = DivOp::create(rewriter, op.getLoc(), ConstantOp::create(rewriter, op.getLoc(), op.getType(), 1.0), power);
    rewriter.replaceOp(op, power);
    return success();
  }

private:
  static Value positivePower(PatternRewriter &rewriter, PowOp op, double exponent) {
    Value x = op.getLhs();
    if (exponent == 0)
      return ConstantOp::create(rewriter, op.getLoc(), op.getType(), 1.0);
    if (exponent == 0.5)
      return SqrtOp::create(rewriter, op.getLoc(), x);
    if (exponent != 1 && exponent != 2 && exponent != 3)
      return nullptr;
    Value power = x;
    for (int factor = 1; factor < exponent; ++factor)
      power = MulOp::create(rewriter, op.getLoc(), power, x);
    return power;
  }
};

} // namespace

void PowOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ExpandKnownPower>(context);
}
