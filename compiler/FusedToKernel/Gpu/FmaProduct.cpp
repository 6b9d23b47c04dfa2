//===- FmaProduct.cpp - Panels multiplied by multiply-adds ----------------===//
//
// 16 times 16 threads. Each sums 8 rows that follow each other, times columns in
// vectors of which those of neighbours lie side by side.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/TileProduct.h"
#include "FusedToKernel/Lanes.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class FmaProduct : public TileProduct {
public:
  FmaProduct(KernelFunction &kernel, Type element, const BlockTile &tile)
      : TileProduct(kernel, element, tile),
        sumLanes(std::min<int64_t>(kernel.getTarget().lanes(element), columns / threadsAlong)) {
    IndexMath math = nest.math();
    Value thread = kernel.thread();
    threadRow = math.floorDiv(thread, threadsAlong);
    threadColumn = math.sub(thread, math.mul(threadRow, threadsAlong));
  }

  SmallVector<Value> zeros() override { return zeroVectors(threadRows * vectorsOfRow(), sumLanes); }
  unsigned lanes() const override { return sumLanes; }

  int64_t panelTerms(bool) const override { return 16; }
  bool fitsTwice(bool) const override { return false; }
  PanelForm formOf(GemmSide, bool) const override { return {element, /*hasTermsTogether=*/false}; }

  SmallVector<Value> multiply(const CompletePanel &a, const CompletePanel &b, ValueRange sums,
                              function_ref<void()> meanwhile) override {
    meanwhile();
    SmallVector<Value> after(sums);
    unsigned aLanes = kernel.getTarget().lanes(element);
    Location loc = nest.getLoc();
    IndexMath outside = nest.math(0);
    Value firstRow = outside.mul(threadRow, threadRows);
    for (int64_t number = 0; number < a.panel.terms(); ++number) {
      Value term = nest.math(0).constant(number);
      SmallVector<Value> ofB;
      for (int64_t v = 0; v < vectorsOfRow(); ++v)
        ofB.push_back(read(b, term, columnOf(v), sumLanes));
      for (int64_t row = 0; row < threadRows; row += aLanes) {
        Value ofA = read(a, term, nest.math(0).add(firstRow, row), aLanes);
        OpBuilder builder = nest.here();
        for (unsigned lane = 0; lane < aLanes; ++lane) {
          Value scalar = vector::ExtractOp::create(builder, loc, ofA, int64_t(lane)).getResult();
          Value all = vector::BroadcastOp::create(builder, loc, VectorType::get({sumLanes}, element), scalar);
          for (int64_t v = 0; v < vectorsOfRow(); ++v) {
            Value &sum = after[(row + lane) * vectorsOfRow() + v];
            sum = math::FmaOp::create(builder, loc, all, ofB[v], sum);
          }
        }
      }
    }
    return after;
  }

  void forSums(ValueRange sums, unsigned, function_ref<void(Value, Value, Value)> body) override {
    for (auto [number, vector] : llvm::enumerate(sums)) {
      IndexMath math = nest.math(0);
      Value row = math.add(math.mul(threadRow, threadRows), int64_t(number) / vectorsOfRow());
      body(row, columnOf(int64_t(number) % vectorsOfRow()), vector);
    }
  }

private:
  static constexpr int64_t threadsAlong = 16, threadRows = 8;

  /// Lines that lie side by side.
  Value read(const CompletePanel &from, Value term, Value line, unsigned lanes) {
    Value place = from.panel.place(nest.math(0), term, line);
    unsigned level = nest.depth();
    Lanes at{from.panel.inSlot(nest.math(), from.slot, place), level, lanes > 1};
    return LaneMath(kernel, lanes).load(from.panel.memory(), {at}, level).value;
  }

  int64_t vectorsOfRow() const { return columns / threadsAlong / sumLanes; }
  Value columnOf(int64_t vector) {
    IndexMath math = nest.math(0);
    return math.add(math.mul(threadColumn, sumLanes), vector * threadsAlong * sumLanes);
  }

  unsigned sumLanes;
  Value threadRow, threadColumn;
};

} // namespace

std::unique_ptr<TileProduct> kernel::makeFmaProduct(KernelFunction &kernel, Type element, const BlockTile &tile) {
  return std::make_unique<FmaProduct>(kernel, element, tile);
}
