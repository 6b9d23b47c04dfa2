//===- Layouts.cpp - Where the channels lie in memory ---------------------===//

#include "GraphToFused/Layouts.h"
#include "Fused/Fused.h"

using namespace mlir;
using namespace nacre;

/// Ops whose result has the axes of their operand, in the same order.
static bool keepsAxes(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() ||
         isa<graph::SliceOp, graph::PadOp, graph::ConcatOp, graph::TakeOp, graph::WindowSumOp, graph::WindowMaxOp,
             graph::WindowMaxDxOp>(op);
}

DenseSet<Value> nacre::channelsLast(Block &block) {
  DenseSet<Value> last;
  SmallVector<Value> work;
  auto add = [&](Value value) {
    if (value.getDefiningOp() && cast<RankedTensorType>(value.getType()).getRank() >= 3 && last.insert(value).second)
      work.push_back(value);
  };
  for (Operation &op : block.without_terminator()) {
    if (isa<graph::ConvOp, graph::ConvDxOp>(op)) {
      add(op.getOperand(0));
      add(op.getResult(0));
    } else if (isa<graph::ConvDwOp>(op)) {
      add(op.getOperand(0));
      add(op.getOperand(1));
    }
  }
  while (!work.empty()) {
    Value value = work.pop_back_val();
    auto rank = cast<RankedTensorType>(value.getType()).getRank();
    auto spread = [&](Operation *op) {
      if (!keepsAxes(op))
        return;
      for (Value near : llvm::concat<Value>(op->getOperands(), op->getResults()))
        if (cast<RankedTensorType>(near.getType()).getRank() == rank)
          add(near);
    };
    spread(value.getDefiningOp());
    for (Operation *user : value.getUsers())
      spread(user);
  }
  return last;
}

RankedTensorType nacre::storedType(Value value, bool channelsLast) {
  auto type = cast<RankedTensorType>(value.getType());
  Type element = type.getElementType();
  if (element.isUnsignedInteger())
    element = IntegerType::get(type.getContext(), element.getIntOrFloatBitWidth());
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  if (channelsLast)
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return fused::withLayout(RankedTensorType::get(type.getShape(), element), order);
}
