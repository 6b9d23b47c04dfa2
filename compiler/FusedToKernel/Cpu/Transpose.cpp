//===- Transpose.cpp - Squares of vectors turned round --------------------===//

#include "FusedToKernel/Cpu/Transpose.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// A perfect shuffle of both halves of the rows moves the top bit of an element's place, row number in front of lane
/// number, to its end: after as many as a lane number has bits, rows and lanes have changed places.
SmallVector<Value> kernel::transpose(LoopNest &nest, ArrayRef<Value> rows) {
  OpBuilder builder = nest.here();
  int64_t size = rows.size();
  SmallVector<Value> before(rows), after;
  for (int64_t round = 1; round < size; round *= 2) {
    after.clear();
    for (int64_t row = 0; row < size; ++row) {
      SmallVector<int64_t> lanes;
      for (int64_t lane = row % 2 * size / 2; lane < (row % 2 + 1) * size / 2; ++lane)
        lanes.append({lane, size + lane});
      after.push_back(
          vector::ShuffleOp::create(builder, nest.getLoc(), before[row / 2], before[row / 2 + size / 2], lanes));
    }
    before = after;
  }
  return before;
}
