//===- EraseStopGradient.cpp - Replaces stop_gradient by its operand ------===//

#include "Grad/Passes.h"

namespace nacre::grad {
#define GEN_PASS_DEF_ERASESTOPGRADIENT
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

namespace {
struct EraseStopGradient : nacre::grad::impl::EraseStopGradientBase<EraseStopGradient> {
  void runOnOperation() override {
    getOperation().walk([](StopGradientOp op) {
      op.getResult().replaceAllUsesWith(op.getX());
      op.erase();
    });
  }
};
} // namespace
