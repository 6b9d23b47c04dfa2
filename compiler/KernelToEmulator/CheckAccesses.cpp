//===- CheckAccesses.cpp - A check before each access ---------------------===//

#include "KernelToEmulator/CheckAccesses.h"
#include "KernelToEmulator/SharedMemory.h"

#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre::emulator;

/// What a pointer was computed from.
static Value baseOf(Value pointer) {
  while (Operation *op = pointer.getDefiningOp()) {
    if (!isa<LLVM::GEPOp, LLVM::AddrSpaceCastOp, LLVM::BitcastOp>(op))
      break;
    pointer = op->getOperand(0);
  }
  return pointer;
}

/// Whether a pointer is to what only this thread can reach, or to constants: its stack, the arguments, a table.
static bool isPrivate(Value pointer) {
  Value base = baseOf(pointer);
  if (auto argument = dyn_cast<BlockArgument>(base)) {
    auto function = dyn_cast<LLVM::LLVMFuncOp>(argument.getOwner()->getParentOp());
    return function && argument.getOwner()->isEntryBlock() && argument.getArgNumber() > 0;
  }
  if (auto address = base.getDefiningOp<LLVM::AddressOfOp>())
    return address.getType().getAddressSpace() != sharedSpace;
  return base.getDefiningOp<LLVM::AllocaOp>() != nullptr;
}

namespace {

class AccessChecker {
public:
  AccessChecker(LLVM::LLVMFuncOp function, EmulatorCalls &calls)
      : layout(DataLayout::closest(function)), calls(calls) {}

  LogicalResult check(Operation *op) {
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](LLVM::LoadOp load) {
          return whole(load, Callee::read, load.getAddr(), load.getType(), load.getAlignment());
        })
        .Case([&](LLVM::StoreOp store) {
          return whole(store, Callee::write, store.getAddr(), store.getValue().getType(), store.getAlignment());
        })
        .Case([&](LLVM::MaskedLoadOp load) {
          return masked(load, Callee::read_masked, load.getData(), load.getMask(), load.getType());
        })
        .Case([&](LLVM::MaskedStoreOp store) {
          return masked(store, Callee::write_masked, store.getData(), store.getMask(), store.getValue().getType());
        })
        .Case<LLVM::MemcpyOp, LLVM::MemmoveOp>([&](auto copy) {
          (void)range(copy, Callee::read, copy.getSrc(), copy.getLen());
          return range(copy, Callee::write, copy.getDst(), copy.getLen());
        })
        .Case([&](LLVM::MemsetOp set) { return range(set, Callee::write, set.getDst(), set.getLen()); })
        .Case<LLVM::AtomicRMWOp, LLVM::AtomicCmpXchgOp, LLVM::masked_gather, LLVM::masked_scatter>(
            [](Operation *other) { return other->emitOpError("has no counterpart in the emulator"); })
        .Default([](Operation *) { return success(); });
  }

private:
  /// What the hardware asks of an access: the alignment it promises, or else its size.
  LogicalResult whole(Operation *op, Callee callee, Value pointer, Type type, std::optional<uint64_t> promised) {
    int64_t bytes = layout.getTypeSize(type).getFixedValue();
    bool isAggregate = isa<LLVM::LLVMStructType, LLVM::LLVMArrayType>(type);
    int64_t natural = isAggregate ? layout.getTypeABIAlignment(type) : llvm::PowerOf2Ceil(bytes);
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    return insert(builder, op, callee, pointer, constant(builder, 64, bytes),
                  constant(builder, 64, promised.value_or(natural)));
  }

  LogicalResult masked(Operation *op, Callee callee, Value pointer, Value mask, Type type) {
    auto vector = cast<VectorType>(type);
    int64_t count = vector.getNumElements();
    if (count > 64)
      return op->emitOpError("has more elements than the emulator takes at once");
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    Value bits = LLVM::BitcastOp::create(builder, builder.getIntegerType(count), mask);
    if (count < 64)
      bits = LLVM::ZExtOp::create(builder, builder.getI64Type(), bits);
    int64_t bytes = layout.getTypeSize(vector.getElementType()).getFixedValue();
    return insert(builder, op, callee, pointer, bits, constant(builder, 64, bytes));
  }

  LogicalResult range(Operation *op, Callee callee, Value pointer, Value bytes) {
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    if (!bytes.getType().isInteger(64))
      bytes = LLVM::ZExtOp::create(builder, builder.getI64Type(), bytes);
    return insert(builder, op, callee, pointer, bytes, constant(builder, 64, 1));
  }

  LogicalResult insert(ImplicitLocOpBuilder &builder, Operation *op, Callee callee, Value pointer, Value bytesOrMask,
                       Value rest) {
    if (!isPrivate(pointer))
      calls.call(builder, callee, {pointer, bytesOrMask, rest, calls.site(builder, op)});
    return success();
  }

  DataLayout layout;
  EmulatorCalls &calls;
};

} // namespace

LogicalResult nacre::emulator::checkAccesses(LLVM::LLVMFuncOp function, EmulatorCalls &calls) {
  AccessChecker checker(function, calls);
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops)
    if (failed(checker.check(op)))
      return failure();
  return success();
}
