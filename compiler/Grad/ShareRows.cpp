//===- ShareRows.cpp - What all rows have in common, once -----------------===//

#include "Grad/Passes.h"
#include "Grad/RowWise.h"
#include "Graph/Shapes.h"
#include "Graph/Term.h"
#include "mlir/IR/IRMapping.h"

namespace nacre::grad {
#define GEN_PASS_DEF_SHAREROWS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;
using namespace nacre::grad;

namespace {

/// Computes one row of what has equal rows in a function.
class RowSharer {
public:
  explicit RowSharer(func::FuncOp function) : equal(function.front(), {}) {}

  int64_t run() {
    for (Value value : equal.costly()) {
      OpBuilder builder(value.getDefiningOp());
      Term row(builder, value.getLoc(), rowOf(builder, value));
      value.replaceUsesWithIf(repeated(row, rowsOf(value)), [&](OpOperand &use) { return !isShared(use.getOwner()); });
    }
    for (Value value : llvm::reverse(equal.costly()))
      value.getDefiningOp()->erase();
    return equal.costly().size();
  }

private:
  bool isShared(Operation *op) const { return op->getNumResults() == 1 && equal.isCostly(op->getResult(0)); }

  /// One row of a value with equal rows; any other value as it is.
  Value rowOf(OpBuilder &builder, Value value) {
    if (!equal.contains(value))
      return value;
    if (!rows.contains(value))
      rows.map(value, makeRow(builder, value));
    return rows.lookup(value);
  }

  Value makeRow(OpBuilder &builder, Value value) {
    auto type = withLeading(cast<RankedTensorType>(value.getType()), 1);
    if (std::optional<double> splat = splatOf(value))
      return ConstantOp::create(builder, value.getLoc(), type, *splat);
    Operation *op = value.getDefiningOp();
    if (repeatsRow(value))
      return cloneForRows(builder, op, op->getOperands(), 1);
    SmallVector<Value> operands =
        llvm::map_to_vector(op->getOperands(), [&](Value operand) { return rowOf(builder, operand); });
    return cloneForRows(builder, op, operands, 1);
  }

  static Value repeated(Term row, int64_t count) {
    RankedTensorType all = withLeading(row.type(), count);
    return row.reshape(row.shape().drop_front()).broadcast(all, llvm::to_vector(llvm::seq<int64_t>(1, row.rank())));
  }

  EqualRows equal;
  IRMapping rows;
};

struct ShareRows : nacre::grad::impl::ShareRowsBase<ShareRows> {
  void runOnOperation() override { shared += RowSharer(getOperation()).run(); }
};

} // namespace
