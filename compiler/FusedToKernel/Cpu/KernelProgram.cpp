//===- KernelProgram.cpp - What a kernel touches, and when ----------------===//

#include "FusedToKernel/Cpu/KernelProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre::kernel;

using Number = KernelProgram::Number;
using Step = KernelProgram::Step;

/// Where scratch memory begins, and each table: far from the arena and from each other.
static constexpr int64_t scratchBase = int64_t(1) << 40, tableBase = int64_t(1) << 41;

int64_t nacre::kernel::evaluate(Number op, int64_t a, int64_t b, int64_t c) {
  switch (op) {
  case Number::Add:
    return a + b;
  case Number::Sub:
    return a - b;
  case Number::Mul:
    return a * b;
  case Number::Div:
    return b == 0 ? 0 : a / b;
  case Number::Min:
    return std::min(a, b);
  case Number::Max:
    return std::max(a, b);
  case Number::Less:
    return a < b;
  case Number::Equal:
    return a == b;
  case Number::Select:
    return a ? b : c;
  case Number::Copy:
    return a;
  case Number::Unknown:
    return 0;
  }
  llvm_unreachable("all are listed");
}

/// What an operation on indices is, and in which order it has its operands.
static Number opOf(Operation &op, SmallVector<Value> &operands) {
  operands.assign(op.operand_begin(), op.operand_end());
  if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    using enum arith::CmpIPredicate;
    if (llvm::is_contained({sgt, ugt}, compare.getPredicate()))
      std::swap(operands[0], operands[1]);
    return llvm::is_contained({slt, ult, sgt, ugt}, compare.getPredicate()) ? Number::Less
           : compare.getPredicate() == eq                                   ? Number::Equal
                                                                            : Number::Unknown;
  }
  return llvm::TypeSwitch<Operation *, Number>(&op)
      .Case([](arith::AddIOp) { return Number::Add; })
      .Case([](arith::SubIOp) { return Number::Sub; })
      .Case([](arith::MulIOp) { return Number::Mul; })
      .Case<arith::DivUIOp, arith::DivSIOp>([](auto) { return Number::Div; })
      .Case<arith::MinSIOp, arith::MinUIOp>([](auto) { return Number::Min; })
      .Case<arith::MaxSIOp, arith::MaxUIOp>([](auto) { return Number::Max; })
      .Case<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtUIOp, arith::ExtSIOp, arith::TruncIOp>(
          [](auto) { return Number::Copy; })
      .Case([](arith::SelectOp) { return Number::Select; })
      .Default(Number::Unknown);
}

/// Operations on each number of a vector; a multiply-add is two, a comparison one.
static double flopsOf(Operation &op) {
  if (op.getNumResults() != 1 || op.getNumOperands() == 0 ||
      !isa<FloatType>(getElementTypeOrSelf(op.getOperand(0).getType())))
    return 0;
  double each = isa<math::FmaOp>(op) ? 2
                : isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::MaximumFOp, arith::MinimumFOp,
                      arith::MaxNumFOp, arith::MinNumFOp, arith::CmpFOp>(op)
                    ? 1
                    : 0;
  auto vector = dyn_cast<VectorType>(op.getResult(0).getType());
  return each * (vector ? vector.getNumElements() : 1);
}

KernelProgram::KernelProgram(func::FuncOp kernel, ArrayRef<int64_t> arguments, int64_t items)
    : arguments(arguments), words(kernel.getArgument(1)) {
  setConstant(kernel.getArgument(0), 0);
  setConstant(kernel.getArgument(2), 0);
  setConstant(kernel.getArgument(3), items);
  setConstant(kernel.getArgument(4), scratchBase);
  body = read(kernel.getBody().front());
}

KernelProgram::Slot KernelProgram::slotOf(Value value) {
  auto [found, isNew] = slotOfValue.try_emplace(value, slots.size());
  if (isNew)
    slots.push_back(0);
  return found->second;
}

std::optional<int64_t> KernelProgram::constantOf(Value value) const {
  auto found = constants.find(value);
  return found == constants.end() ? std::nullopt : std::optional(found->second);
}

void KernelProgram::setConstant(Value value, int64_t number) {
  constants[value] = number;
  slots[slotOf(value)] = number;
}

std::optional<int64_t> KernelProgram::strideOf(Value value, Value index) const {
  if (value == index)
    return 1;
  Operation *op = value.getDefiningOp();
  auto loop = cast<BlockArgument>(index).getOwner()->getParentOp();
  if (!op || constantOf(value) || !loop->isProperAncestor(op))
    return 0;
  SmallVector<Value> operands;
  Number kind = opOf(*op, operands);
  if (auto view = dyn_cast<memref::ViewOp>(op))
    return strideOf(view.getByteShift(), index);
  SmallVector<std::optional<int64_t>> strides =
      llvm::map_to_vector(operands, [&](Value operand) { return strideOf(operand, index); });
  if (llvm::is_contained(strides, std::nullopt))
    return std::nullopt;
  if (llvm::all_of(strides, [](auto stride) { return *stride == 0; }))
    return 0;
  if (kind == Number::Add || kind == Number::Sub || kind == Number::Copy)
    return kind == Number::Copy  ? *strides[0]
           : kind == Number::Add ? *strides[0] + *strides[1]
                                 : *strides[0] - *strides[1];
  for (int number : {0, 1})
    if (auto factor = kind == Number::Mul ? constantOf(operands[number]) : std::nullopt)
      return *strides[1 - number] * *factor;
  return std::nullopt;
}

KernelProgram::Body KernelProgram::read(Block &block) {
  Body result;
  for (mlir::Operation &op : block) {
    result.flops += flopsOf(op);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      readLoop(loop, result);
    else if (isa<memref::LoadOp, memref::StoreOp, vector::LoadOp, vector::StoreOp, vector::MaskedLoadOp,
                 vector::MaskedStoreOp, vector::GatherOp, vector::ScatterOp>(op) &&
             !readConstant(op))
      readAccess(op, result);
    else if (op.getNumResults() == 1 && !readConstant(op))
      readNumber(op, result);
  }
  return result;
}

bool KernelProgram::readConstant(Operation &op) {
  APInt number;
  if (matchPattern(&op, m_ConstantInt(&number)))
    return setConstant(op.getResult(0), number.getSExtValue()), true;
  if (auto load = dyn_cast<memref::LoadOp>(op); load && load.getMemref() == words) {
    std::optional<int64_t> place = constantOf(load.getIndices()[0]);
    return setConstant(load, place && *place < int64_t(arguments.size()) ? arguments[*place] : 0), true;
  }
  if (isa<memref::GetGlobalOp>(op))
    return setConstant(op.getResult(0), tableBase), true;
  return false;
}

/// A number that others may follow from. Places in memory are numbers: that of a view is its first byte.
void KernelProgram::readNumber(Operation &op, Body &body) {
  Value result = op.getResult(0);
  bool isView = isa<memref::ViewOp>(op);
  if (!isView && !result.getType().isIntOrIndex())
    return;
  SmallVector<Value> operands;
  Step step{Step::Kind::Compute, isView ? Number::Add : opOf(op, operands), slotOf(result)};
  if (isView)
    operands.assign(op.operand_begin(), op.operand_begin() + 2);
  if (step.op == Number::Unknown)
    operands.clear();
  bool isConstant = !operands.empty();
  for (auto [number, operand] : llvm::enumerate(operands)) {
    step.operands[number] = slotOf(operand);
    isConstant &= constantOf(operand).has_value();
  }
  if (isConstant)
    return setConstant(result,
                       evaluate(step.op, slots[step.operands[0]], slots[step.operands[1]], slots[step.operands[2]]));
  body.steps.push_back(std::move(step));
}

/// The memory and the index of an access, and the type of what is read or written.
static std::tuple<Value, ValueRange, Type> accessOf(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::tuple<Value, ValueRange, Type>>(&op)
      .Case([](memref::LoadOp load) { return std::tuple(load.getMemref(), load.getIndices(), load.getType()); })
      .Case([](memref::StoreOp store) {
        return std::tuple(store.getMemref(), store.getIndices(), store.getValue().getType());
      })
      .Case([](vector::StoreOp store) {
        return std::tuple(store.getBase(), store.getIndices(), Type(store.getVectorType()));
      })
      .Case([](vector::ScatterOp store) {
        return std::tuple(store.getBase(), store.getOffsets(), Type(store.getVectorType()));
      })
      .Case([](vector::GatherOp load) {
        return std::tuple(load.getBase(), load.getOffsets(), Type(load.getVectorType()));
      })
      .Case<vector::LoadOp, vector::MaskedLoadOp, vector::MaskedStoreOp>(
          [](auto access) { return std::tuple(access.getBase(), access.getIndices(), Type(access.getVectorType())); });
}

/// What lanes gather from is not known: it is taken to lie side by side.
void KernelProgram::readAccess(Operation &op, Body &body) {
  auto [memory, indices, type] = accessOf(op);
  auto vector = dyn_cast<VectorType>(type);
  Step step{Step::Kind::Access};
  step.elementBytes = std::max(1u, cast<MemRefType>(memory.getType()).getElementTypeBitWidth() / 8);
  step.bytes = step.elementBytes * (vector ? vector.getNumElements() : 1);
  step.operands[0] = slotOf(memory);
  step.operands[1] = slotOf(indices[0]);
  for (scf::ForOp loop : loops) {
    std::optional<int64_t> start = strideOf(memory, loop.getInductionVar()),
                           element = strideOf(indices[0], loop.getInductionVar());
    step.strides.push_back(start && element ? std::optional(*start + *element * step.elementBytes) : std::nullopt);
  }
  body.steps.push_back(std::move(step));
}

/// Whether all accesses of a body move evenly with the loop at a depth.
bool KernelProgram::isEven(const Body &body, unsigned depth) const {
  return llvm::all_of(body.steps, [&](const Step &step) {
    return step.kind == Step::Kind::Access ? step.strides[depth].has_value()
                                           : step.kind != Step::Kind::Loop || isEven(step.loop->body, depth);
  });
}

void KernelProgram::readLoop(scf::ForOp op, Body &body) {
  auto loop = std::make_unique<Loop>();
  loop->index = slotOf(op.getInductionVar());
  loop->lower = slotOf(op.getLowerBound());
  loop->upper = slotOf(op.getUpperBound());
  loop->step = slotOf(op.getStep());
  loop->depth = loops.size();
  loops.push_back(op);
  loop->body = read(*op.getBody());
  loops.pop_back();
  loop->isRegular = isEven(loop->body, loop->depth);
  op.getBody()->walk([&](scf::ForOp inner) {
    for (Value bound : {inner.getLowerBound(), inner.getUpperBound(), inner.getStep()})
      loop->isRegular &= strideOf(bound, op.getInductionVar()) == std::optional<int64_t>(0);
  });
  for (const Step &step : loop->body.steps)
    loop->isRegular &= step.kind != Step::Kind::Loop || step.loop->isRegular;
  Step step{Step::Kind::Loop};
  step.loop = std::move(loop);
  body.steps.push_back(std::move(step));
}
