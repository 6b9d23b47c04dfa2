//===- NarrowIndices.cpp - Indices of a GPU's kernels in 32 bits ----------===//

#include "FusedToKernel/KernelFunction.h"
#include "FusedToKernel/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nacre::kernel {
#define GEN_PASS_DEF_NARROWINDICES
#include "FusedToKernel/Passes.h.inc"

namespace {

bool isIndex(Type type) { return getElementTypeOrSelf(type).isIndex(); }

Type narrowed(Type type) {
  Type word = IntegerType::get(type.getContext(), 32);
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(vector.clone(word)) : word;
}

/// The operations that take `index` and nothing else, which say where something is in memory.
bool isAccess(Operation *op) {
  return isa<memref::MemRefDialect>(op->getDialect()) ||
         isa<vector::LoadOp, vector::StoreOp, vector::MaskedLoadOp, vector::MaskedStoreOp, vector::GatherOp,
             vector::ScatterOp>(op);
}

/// Changes the types of a function's indices in place, definitions before uses.
class Narrower {
public:
  void run(func::FuncOp function) {
    SmallVector<Operation *> ops;
    function.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
      ops.push_back(op);
      for (OpOperand &operand : op->getOpOperands())
        if (isAccess(op) && operand.get().getType().isIndex())
          places.insert(&operand);
    });
    for (Operation *op : ops)
      visit(op);
  }

private:
  void visit(Operation *op) {
    if (isAccess(op))
      return widenOperands(op);
    if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
      return replaceCast(op);
    if (auto constant = dyn_cast<arith::ConstantOp>(op); constant && isIndex(constant.getType()))
      return narrowConstant(constant);
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.getArguments())
        narrow(argument);
    for (Value result : op->getResults())
      if (narrow(result))
        forbidWrapping(op);
  }

  bool narrow(Value value) {
    if (!isIndex(value.getType()))
      return false;
    value.setType(narrowed(value.getType()));
    return true;
  }

  /// Constants that are added to an index can then be part of an address.
  static void forbidWrapping(Operation *op) {
    llvm::TypeSwitch<Operation *>(op).Case<arith::AddIOp, arith::SubIOp, arith::MulIOp>(
        [](auto typed) { typed.setOverflowFlags(arith::IntegerOverflowFlags::nsw); });
  }

  void narrowConstant(arith::ConstantOp constant) {
    Type type = narrowed(constant.getType());
    Attribute value = constant.getValue();
    if (auto elements = dyn_cast<DenseIntElementsAttr>(value))
      value = elements.mapValues(getElementTypeOrSelf(type), [](const APInt &number) { return number.trunc(32); });
    else
      value = IntegerAttr::get(type, cast<IntegerAttr>(value).getValue().trunc(32));
    constant.setValueAttr(cast<TypedAttr>(value));
    narrow(constant.getResult());
  }

  void replaceCast(Operation *op) {
    Value from = op->getOperand(0), to = op->getResult(0);
    if (isIndex(from.getType())) // An address, which is no index of elements.
      return;
    Type type = isIndex(to.getType()) ? narrowed(to.getType()) : to.getType();
    unsigned before = getElementTypeOrSelf(from.getType()).getIntOrFloatBitWidth(),
             after = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
    OpBuilder builder(op);
    Value cast = before == after               ? from
                 : before > after              ? arith::TruncIOp::create(builder, op->getLoc(), type, from).getResult()
                 : isa<arith::IndexCastOp>(op) ? arith::ExtSIOp::create(builder, op->getLoc(), type, from).getResult()
                                               : arith::ExtUIOp::create(builder, op->getLoc(), type, from).getResult();
    to.replaceAllUsesWith(cast);
    op->erase();
  }

  /// Words that were narrowed are taken as they were: a place of a buffer has more than 32 bits.
  void widenOperands(Operation *op) {
    OpBuilder builder(op);
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (!places.contains(&operand) || value.getType().isIndex())
        continue;
      if (auto cut = value.getDefiningOp<arith::TruncIOp>())
        value = cut.getIn();
      operand.set(arith::IndexCastOp::create(builder, op->getLoc(), builder.getIndexType(), value));
    }
  }

  DenseSet<OpOperand *> places; ///< The indices of accesses; what is stored may be an index as a number, and is none.
};

class NarrowIndices : public impl::NarrowIndicesBase<NarrowIndices> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->removeAttr(narrowAttr))
        Narrower().run(function);
  }
};

} // namespace
} // namespace nacre::kernel
