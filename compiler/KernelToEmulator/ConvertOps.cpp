//===- ConvertOps.cpp - Operations of the nvvm dialect --------------------===//

#include "KernelToEmulator/ConvertOps.h"
#include "KernelToEmulator/MatrixOps.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "runtime/emulator/Calls.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::emulator;

namespace kinds = nacre::runtime::emulator;

static_assert(int(kinds::Shuffle::Butterfly) == int(NVVM::ShflKind::bfly) &&
              int(kinds::Shuffle::Index) == int(NVVM::ShflKind::idx));
static_assert(int(kinds::Vote::Any) == int(NVVM::VoteSyncKind::any) &&
              int(kinds::Vote::Uniform) == int(NVVM::VoteSyncKind::uni));
static_assert(int(kinds::Reduce::Add) == int(NVVM::ReduxKind::ADD) &&
              int(kinds::Reduce::Xor) == int(NVVM::ReduxKind::XOR));

namespace {

/// Replaces one operation; each `convert` says how.
class OpConverter {
public:
  OpConverter(Operation *op, EmulatorCalls &calls) : op(op), calls(calls), builder(op->getLoc(), op) {}

  LogicalResult convert();

private:
  using Result = FailureOr<Value>;

  Value call(Callee callee, ValueRange args) { return calls.call(builder, callee, args); }
  Value number(int64_t value) { return constant(builder, 32, value); }
  Value site() { return calls.site(builder, op); }
  Value asInteger(Value value) { return LLVM::BitcastOp::create(builder, builder.getI32Type(), value); }
  LogicalResult unknown() { return op->emitOpError("has no counterpart in the emulator"); }

  Result convert(NVVM::LaneIdOp) {
    return Value(LLVM::AndOp::create(builder, call(Callee::thread_index, {}), number(31)));
  }
  Result convert(NVVM::BarrierOp);
  Result convert(NVVM::ShflOp);
  Result convert(NVVM::VoteSyncOp);
  Result convert(NVVM::ReduxOp);
  Result convert(NVVM::CpAsyncOp);
  Result convert(NVVM::ConvertFloatToTF32Op);
  Result convert(NVVM::FenceProxyOp);
  Result convert(LLVM::InlineAsmOp);

  Operation *op;
  EmulatorCalls &calls;
  ImplicitLocOpBuilder builder;
};

} // namespace

OpConverter::Result OpConverter::convert(NVVM::BarrierOp barrier) {
  if (barrier.getNumberOfThreads() || barrier.getReductionOp())
    return unknown();
  Value id = barrier.getBarrierId();
  return call(Callee::barrier, {id ? id : number(0), site()});
}

OpConverter::Result OpConverter::convert(NVVM::ShflOp shuffle) {
  Value both =
      call(Callee::shuffle, {number(int64_t(shuffle.getKind())), shuffle.getThreadMask(), asInteger(shuffle.getVal()),
                             shuffle.getOffset(), shuffle.getMaskAndClamp(), site()});
  Value value = LLVM::TruncOp::create(builder, builder.getI32Type(), both);
  value = LLVM::BitcastOp::create(builder, shuffle.getVal().getType(), value);
  if (!shuffle.getReturnValueAndIsValid())
    return value;
  Value valid = LLVM::LShrOp::create(builder, both, constant(builder, 64, 32));
  valid = LLVM::TruncOp::create(builder, builder.getI1Type(), valid);
  Value pair = LLVM::PoisonOp::create(builder, shuffle.getType());
  pair = LLVM::InsertValueOp::create(builder, pair, value, ArrayRef<int64_t>{0});
  return Value(LLVM::InsertValueOp::create(builder, pair, valid, ArrayRef<int64_t>{1}));
}

OpConverter::Result OpConverter::convert(NVVM::VoteSyncOp vote) {
  Value predicate = LLVM::ZExtOp::create(builder, builder.getI32Type(), vote.getPred());
  Value result = call(Callee::vote, {number(int64_t(vote.getKind())), vote.getMask(), predicate, site()});
  if (vote.getType().isInteger(1))
    result = LLVM::TruncOp::create(builder, builder.getI1Type(), result);
  return result;
}

OpConverter::Result OpConverter::convert(NVVM::ReduxOp redux) {
  if (!redux.getType().isInteger(32))
    return unknown();
  return call(Callee::reduce, {number(int64_t(redux.getKind())), redux.getMaskAndClamp(), redux.getVal(), site()});
}

OpConverter::Result OpConverter::convert(NVVM::CpAsyncOp copy) {
  Value bytes = number(copy.getSize());
  Value read = copy.getCpSize() ? copy.getCpSize() : bytes;
  return call(Callee::copy, {copy.getDst(), copy.getSrc(), bytes, read, site()});
}

OpConverter::Result OpConverter::convert(NVVM::ConvertFloatToTF32Op convert) {
  using enum NVVM::FPRoundingMode;
  NVVM::FPRoundingMode mode = convert.getRnd();
  if (convert.getRelu() || convert.getSat() != NVVM::SaturationMode::NONE || (mode != RNA && mode != RN && mode != RZ))
    return unknown();
  kinds::Rounding rounding = mode == RNA  ? kinds::Rounding::TiesAway
                             : mode == RN ? kinds::Rounding::ToEven
                                          : kinds::Rounding::ToZero;
  return call(Callee::to_tf32, {convert.getSrc(), number(int64_t(rounding))});
}

OpConverter::Result OpConverter::convert(NVVM::FenceProxyOp fence) {
  using enum NVVM::ProxyKind;
  if (fence.getKind() != async && fence.getKind() != async_shared)
    return unknown();
  return call(Callee::fence_proxy, {});
}

/// Without instructions it stands for a register that others may have changed: products.
OpConverter::Result OpConverter::convert(LLVM::InlineAsmOp code) {
  if (!code.getAsmString().empty() || code.getNumOperands() != 1)
    return unknown();
  Value number = code.getOperand(0);
  return number.getType().isF32() ? call(Callee::redeem, {number, site()}) : number;
}

LogicalResult OpConverter::convert() {
  auto converted =
      llvm::TypeSwitch<Operation *, Result>(op)
          .Case<NVVM::ThreadIdXOp>([&](auto) { return call(Callee::thread_index, {}); })
          .Case<NVVM::BlockIdXOp>([&](auto) { return call(Callee::block_index, {}); })
          .Case<NVVM::BlockDimXOp>([&](auto) { return call(Callee::block_size, {}); })
          .Case<NVVM::GridDimXOp>([&](auto) { return call(Callee::grid_size, {}); })
          .Case<NVVM::ThreadIdYOp, NVVM::ThreadIdZOp, NVVM::BlockIdYOp, NVVM::BlockIdZOp>(
              [&](auto) { return number(0); })
          .Case<NVVM::BlockDimYOp, NVVM::BlockDimZOp, NVVM::GridDimYOp, NVVM::GridDimZOp>(
              [&](auto) { return number(1); })
          .Case<NVVM::WarpSizeOp>([&](auto) { return number(32); })
          .Case<NVVM::Barrier0Op>([&](auto) {
            return call(Callee::barrier, {number(0), site()});
          })
          .Case<NVVM::SyncWarpOp>([&](auto sync) {
            return call(Callee::warp_barrier, {sync.getMask(), site()});
          })
          .Case<NVVM::CpAsyncCommitGroupOp>([&](auto) { return call(Callee::commit_copies, {}); })
          .Case<NVVM::CpAsyncWaitGroupOp>([&](auto wait) { return call(Callee::wait_copies, {number(wait.getN())}); })
          // Threads take turns: each sees at once what another has written, and races are told without the help of
          // fences.
          .Case<NVVM::MembarOp>([](auto) { return Value(); })
          .Case<NVVM::LdMatrixOp>([&](auto load) { return convertLoad(builder, load, calls); })
          .Case<NVVM::MmaOp>([&](auto multiply) { return convertMultiply(builder, multiply, calls); })
          .Case<NVVM::WgmmaMmaAsyncOp>([&](auto multiply) { return convertAsyncMultiply(builder, multiply, calls); })
          .Case<NVVM::WgmmaFenceAlignedOp>([&](auto) { return call(Callee::fence_products, {site()}); })
          .Case<NVVM::WgmmaGroupSyncAlignedOp>([&](auto) { return call(Callee::commit_products, {site()}); })
          .Case<NVVM::WgmmaWaitGroupSyncOp>([&](auto wait) {
            return call(Callee::wait_products, {constant(builder, 64, wait.getGroup()), site()});
          })
          .Case<NVVM::LaneIdOp, NVVM::BarrierOp, NVVM::ShflOp, NVVM::VoteSyncOp, NVVM::ReduxOp, NVVM::CpAsyncOp,
                NVVM::ConvertFloatToTF32Op, NVVM::FenceProxyOp, LLVM::InlineAsmOp>(
              [&](auto known) { return convert(known); })
          .Default([&](Operation *) { return unknown(); });
  if (failed(converted))
    return failure();
  if (*converted)
    op->replaceAllUsesWith(ValueRange(*converted));
  op->erase();
  return success();
}

LogicalResult nacre::emulator::convertOps(LLVM::LLVMFuncOp function, EmulatorCalls &calls) {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (isa<NVVM::NVVMDialect>(op->getDialect()) || isa<LLVM::InlineAsmOp, LLVM::CallIntrinsicOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops)
    if (failed(OpConverter(op, calls).convert()))
      return failure();
  return success();
}
