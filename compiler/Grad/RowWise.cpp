//===- RowWise.cpp - Ops that keep the rows of a batch apart --------------===//

#include "Grad/RowWise.h"
#include "Graph/Shapes.h"
#include "Graph/Term.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre::graph;

int64_t nacre::grad::rowsOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 0 ? 0 : type.getDimSize(0);
}

bool nacre::grad::isRowWise(Operation *op, IsBatch isBatch) {
  if (op->getNumResults() != 1)
    return false;
  Value result = op->getResult(0);
  if (rowsOf(result) == 0)
    return false;
  bool keepsRows = llvm::all_of(op->getOperands(),
                                [&](Value operand) { return !isBatch(operand) || rowsOf(operand) == rowsOf(result); });
  auto onlyFirst = [&] { return isBatch(op->getOperand(0)) && !isBatch(op->getOperand(1)); };
  return keepsRows &&
         llvm::TypeSwitch<Operation *, bool>(op)
             .Case<BroadcastOp>(
                 [](auto broadcast) { return !broadcast.getAxes().empty() && broadcast.getAxes()[0] == 0; })
             .Case<TransposeOp>([](auto transpose) { return transpose.getPermutation()[0] == 0; })
             .Case<ConcatOp>(
                 [&](auto concat) { return concat.getAxis() != 0 && llvm::all_of(concat.getOperands(), isBatch); })
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

/// Attributes that hold a size of axis 0, for so many rows.
static void fitAttributes(Operation *op, int64_t rows) {
  auto slice = dyn_cast<SliceOp>(op);
  if (!slice)
    return;
  SmallVector<int64_t> limit(slice.getLimit());
  limit[0] = rows;
  slice.setLimit(limit);
}

Value nacre::grad::cloneForRows(OpBuilder &builder, Operation *op, ValueRange operands, int64_t rows) {
  IRMapping mapping;
  mapping.map(op->getOperands(), operands);
  Operation *copy = builder.clone(*op, mapping);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  copy->getResult(0).setType(withLeading(type, rows));
  fitAttributes(copy, rows);
  return copy->getResult(0);
}

//===----------------------------------------------------------------------===//
// Rows that are the same
//===----------------------------------------------------------------------===//

bool nacre::grad::repeatsRow(Value value) {
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  return splatOf(value) || (broadcast && !llvm::is_contained(broadcast.getAxes(), 0));
}

nacre::grad::EqualRows::EqualRows(Block &block, ArrayRef<Value> given) : values(given.begin(), given.end()) {
  auto isEqual = [&](Value value) { return values.contains(value); };
  for (Operation &op : block.without_terminator()) {
    if (op.getNumResults() != 1 || rowsOf(op.getResult(0)) < 2)
      continue;
    Value result = op.getResult(0);
    if (repeatsRow(result)) {
      values.insert(result);
    } else if (llvm::any_of(op.getOperands(), isEqual) && isRowWise(&op, isEqual)) {
      values.insert(result);
      if (!isa<PointOpInterface>(op) || llvm::any_of(op.getOperands(), [&](Value value) { return isCostly(value); }))
        ofCostly.insert(result);
    }
  }
}
