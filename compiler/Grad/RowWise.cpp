//===- RowWise.cpp - Ops that keep the rows of a batch apart --------------===//

#include "Grad/RowWise.h"
#include "Graph/Scan.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre::graph;

static int64_t rowsOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 0 ? 0 : type.getDimSize(0);
}

bool nacre::grad::isRowWise(Operation *op, IsBatch isBatch) {
  if (op->getNumResults() != 1)
    return false;
  Value result = op->getResult(0);
  if (rowsOf(result) == 0)
    return false;
  bool keepsRows = llvm::all_of(op->getOperands(), [&](Value operand) {
    return !isBatch(operand) || rowsOf(operand) == rowsOf(result);
  });
  auto onlyFirst = [&] { return isBatch(op->getOperand(0)) && !isBatch(op->getOperand(1)); };
  return keepsRows &&
         llvm::TypeSwitch<Operation *, bool>(op)
             .Case<BroadcastOp>([](auto broadcast) { return !broadcast.getAxes().empty() && broadcast.getAxes()[0] == 0; })
             .Case<TransposeOp>([](auto transpose) { return transpose.getPermutation()[0] == 0; })
             .Case<ConcatOp>([&](auto concat) {
               return concat.getAxis() != 0 && llvm::all_of(concat.getOperands(), isBatch);
             })
             .Case<TakeOp>([&](auto take) { return take.getAxis() != 0 && onlyFirst(); })
             .Case<ReduceOp>([](auto reduce) { return !llvm::is_contained(reduce.getAxes(), 0); })
             .Case<PadOp>([](auto pad) { return pad.getLow()[0] == 0 && pad.getInterior()[0] == 0; })
             .Case<SliceOp>([](auto slice) { return slice.getStart()[0] == 0 && slice.getStride()[0] == 1; })
             .Case<ReshapeOp, WindowSumOp>([](auto) { return true; })
             .Case<ConvOp, ConvDxOp>([&](auto) { return onlyFirst(); })
             .Case<DotOp>([&](auto dot) {
               // The rows of lhs are rows of the result if they are contracted with nothing.
               return onlyFirst() && dot.getLhsBatch().empty() && !llvm::is_contained(dot.getLhsContract(), 0);
             })
             .Default([&](Operation *) {
               return op->hasTrait<OpTrait::Elementwise>() && llvm::all_of(op->getOperands(), isBatch);
             });
}

/// Attributes that hold a size of axis 0, on `factor` times as many rows.
static void widenAttributes(Operation *op, int64_t rows) {
  auto slice = dyn_cast<SliceOp>(op);
  if (!slice)
    return;
  SmallVector<int64_t> limit(slice.getLimit());
  limit[0] = rows;
  slice.setLimit(limit);
}

Value nacre::grad::cloneForRows(OpBuilder &builder, Operation *op, ValueRange operands, int64_t factor) {
  IRMapping mapping;
  mapping.map(op->getOperands(), operands);
  Operation *copy = builder.clone(*op, mapping);
  Value result = copy->getResult(0);
  result.setType(stackType(result.getType(), factor));
  widenAttributes(copy, rowsOf(result));
  return result;
}
