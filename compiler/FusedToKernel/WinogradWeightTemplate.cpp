//===- WinogradWeightTemplate.cpp - Weights in the Winograd domain --------===//
//
// An item is a block of output channels that are used together; lanes are these.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/LinearTransform.h"
#include "FusedToKernel/Templates.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

Work kernel::emitWinogradWeight(KernelFunction &kernel, fused::WinogradWeightOp op) {
  LoopNest &nest = kernel.loops();
  PointInputs inputs = inputsOf(kernel, op);
  Buffer result = resultsOf(kernel, op)[0];
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  int64_t panels = type.getDimSize(1), blockK = type.getDimSize(3), taps = 3;
  WinogradMatrices matrices = winogradMatrices(op.getWinograd(), taps);
  unsigned lanes = kernel.getTarget().lanes(type.getElementType());

  Lanes panel{nest.open(kernel.begin(), kernel.end()), nest.depth()};
  Lanes c{nest.open(0, type.getDimSize(2)), nest.depth()};
  forLanes(kernel, nest.math().constant(0), nest.math().constant(blockK), blockK, lanes, [&](Value k, unsigned width) {
    LaneMath math(kernel, width);
    Lanes inner{k, nest.depth(), width > 1};
    Lanes channel{nest.math().add(nest.math().mul(panel.value, blockK), k), nest.depth(), width > 1};
    SmallVector<Value> square;
    for (int64_t tap = 0; tap < taps * taps; ++tap) {
      Lanes r{nest.math(0).constant(tap / taps)}, s{nest.math(0).constant(tap % taps)};
      square.push_back(math.whole(emitProgram(kernel, math, op.getLoad(), inputs, {channel, c, r, s})[0]));
    }
    for (auto [number, value] : llvm::enumerate(emitTransform2D(nest, matrices.weight, square))) {
      Lanes point{nest.math(0).constant(number)};
      math.store(result, {point, panel, c, inner}, Lanes{value, nest.depth(), 0, width > 1});
    }
  });
  nest.close();
  nest.close();
  Work work;
  work.items = panels;
  return work;
}
