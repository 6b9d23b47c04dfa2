//===- Cost.cpp - Arithmetic of ops ---------------------------------------===//

#include "Graph/Cost.h"
#include "Graph/Shapes.h"

using namespace nacre::graph;

int64_t ReduceOp::flops() { return getX().getType().getNumElements(); }

/// Difference, square, and two sums.
int64_t MomentsOp::flops() { return 4 * getX().getType().getNumElements(); }

int64_t DotOp::flops() {
  int64_t contracted = 1;
  for (int64_t axis : getLhsContract())
    contracted *= getLhs().getType().getDimSize(axis);
  return 2 * getType().getNumElements() * contracted;
}

/// Each element of y meets one slice of w: a multiply-add for each of its elements.
static int64_t convolutionFlops(mlir::RankedTensorType w, mlir::RankedTensorType y) {
  return 2 * y.getNumElements() * elements(w.getShape().drop_front());
}
int64_t ConvOp::flops() { return convolutionFlops(getW().getType(), getType()); }
int64_t ConvDxOp::flops() { return convolutionFlops(getW().getType(), getY().getType()); }
int64_t ConvDwOp::flops() { return convolutionFlops(getType(), getY().getType()); }

int64_t WindowSumOp::flops() { return getType().getNumElements() * elements(getKernel()); }
int64_t WindowMaxOp::flops() { return getResult().getType().getNumElements() * elements(getKernel()); }
int64_t WindowMaxDxOp::flops() { return getG().getType().getNumElements(); }

/// Measured with AVX-512, many at a time that do not wait for each other.
double nacre::graph::operationsPerElement(mlir::Operation *op) {
  if (mlir::isa<PowOp>(op))
    return 150;
  if (mlir::isa<SinOp, CosOp, RandomOp>(op))
    return 60;
  if (mlir::isa<LogOp, ErfOp>(op))
    return 40;
  if (mlir::isa<TanhOp, ExpOp, RsqrtOp>(op))
    return 30;
  if (mlir::isa<SqrtOp>(op))
    return 10;
  if (mlir::isa<DivOp>(op))
    return 5;
  return op->hasTrait<mlir::OpTrait::Elementwise>() ? 1 : 0;
}
