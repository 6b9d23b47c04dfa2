//===- Emit.cpp - The graph op of each op of a program --------------------===//

#include "AstToGraph/FunctionBuilder.h"
#include "Graph/Evaluator.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::graph;
namespace op = nacre::lang::op;

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

Value FunctionBuilder::emit(const lang::Op &op, const op::Constant &code) {
  RankedTensorType type = typeOf(op.result());
  if (code.values.size() == 1)
    return ConstantOp::create(builder, loc, type, code.values.front());
  return ConstantOp::create(builder, loc, cast<ElementsAttr>(attributeOf({type, code.values})));
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Control &code) {
  return ControlOp::create(builder, loc, typeOf(op.result()), code.name);
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Index &code) {
  return IotaOp::create(builder, loc, typeOf(op.result()), static_cast<uint64_t>(code.axis));
}

/// 64-bit FNV-1a: the same on every machine and in every version.
static uint64_t streamOf(StringRef path) {
  uint64_t hash = 0xCBF29CE484222325;
  for (unsigned char byte : path)
    hash = (hash ^ byte) * 0x100000001B3;
  return hash;
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Random &code) {
  return RandomOp::create(builder, loc, typeOf(op.result()), streamOf(code.stream), time);
}

//===----------------------------------------------------------------------===//
// Scalar functions
//===----------------------------------------------------------------------===//

/// By `lang::ScalarFn`.
static constexpr StringLiteral scalarOps[] = {
    NegOp::getOperationName(),   AbsOp::getOperationName(), SignOp::getOperationName(), FloorOp::getOperationName(),
    RoundOp::getOperationName(), ExpOp::getOperationName(), LogOp::getOperationName(),  SqrtOp::getOperationName(),
    RsqrtOp::getOperationName(), SinOp::getOperationName(), CosOp::getOperationName(),  TanhOp::getOperationName(),
    ErfOp::getOperationName(),   NotOp::getOperationName(), AddOp::getOperationName(),  SubOp::getOperationName(),
    MulOp::getOperationName(),   DivOp::getOperationName(), PowOp::getOperationName(),  IntDivOp::getOperationName(),
    ModOp::getOperationName(),   MaxOp::getOperationName(), MinOp::getOperationName(),  LtOp::getOperationName(),
    LeOp::getOperationName(),    EqOp::getOperationName(),  AndOp::getOperationName(),  OrOp::getOperationName(),
};

Value FunctionBuilder::emit(const lang::Op &op, const op::Elementwise &code) {
  OperationState state(loc, scalarOps[static_cast<size_t>(code.fn)]);
  for (unsigned number = 0; number < op.operands.size(); ++number)
    state.operands.push_back(operand(op, number));
  state.addTypes(typeOf(op.result()));
  return builder.create(state)->getResult(0);
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Select &) {
  return SelectOp::create(builder, loc, operand(op, 0), operand(op, 1), operand(op, 2));
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Convert &) {
  Value x = operand(op, 0);
  return x.getType() == typeOf(op.result()) ? x : Value(ConvertOp::create(builder, loc, typeOf(op.result()), x));
}

Value FunctionBuilder::emit(const lang::Op &op, const op::StopGradient &) {
  return StopGradientOp::create(builder, loc, operand(op, 0));
}

//===----------------------------------------------------------------------===//
// Reductions, contractions, windows
//===----------------------------------------------------------------------===//

static ReduceKind kindOf(lang::ReduceKind kind) {
  switch (kind) {
  case lang::ReduceKind::Sum:
    return ReduceKind::Sum;
  case lang::ReduceKind::Max:
    return ReduceKind::Max;
  case lang::ReduceKind::Min:
    return ReduceKind::Min;
  }
  llvm_unreachable("a reduction is of one of the kinds above");
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Reduce &code) {
  return ReduceOp::create(builder, loc, typeOf(op.result()), kindOf(code.kind), operand(op, 0), code.axes);
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Dot &code) {
  return DotOp::create(builder, loc, typeOf(op.result()), operand(op, 0), operand(op, 1), code.lhsBatch, code.rhsBatch,
                       code.lhsContract, code.rhsContract);
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Conv &code) {
  return ConvOp::create(builder, loc, typeOf(op.result()), operand(op, 0), operand(op, 1), code.stride, code.pad,
                        code.pad, code.dilation, code.groups);
}

/// The convolution of which this is the adjoint maps the result to the operand.
/// Output padding below the stride is lost in its rounding down; more of it is
/// cropped.
Value FunctionBuilder::emit(const lang::Op &op, const op::ConvTranspose &code) {
  std::vector<int64_t> high = code.pad;
  for (auto [pad, outputPad, stride] : llvm::zip_equal(high, code.outputPad, code.stride))
    pad -= outputPad < stride ? 0 : outputPad;
  return ConvDxOp::create(builder, loc, typeOf(op.result()), operand(op, 0), operand(op, 1), code.stride, code.pad, high,
                          code.dilation, code.groups);
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Window &code) {
  RankedTensorType type = typeOf(op.result());
  Value x = operand(op, 0);
  if (code.kind == lang::ReduceKind::Sum)
    return WindowSumOp::create(builder, loc, type, x, code.kernel, code.stride, code.pad, code.pad);
  auto tapType = RankedTensorType::get(type.getShape(), builder.getI32Type());
  bool isMin = code.kind == lang::ReduceKind::Min;
  if (isMin)
    x = NegOp::create(builder, loc, x);
  Value largest =
      WindowMaxOp::create(builder, loc, type, tapType, x, code.kernel, code.stride, code.pad, code.pad).getResult();
  return isMin ? Value(NegOp::create(builder, loc, largest)) : largest;
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

Value FunctionBuilder::emit(const lang::Op &op, const op::Reshape &) {
  return ReshapeOp::create(builder, loc, typeOf(op.result()), operand(op, 0));
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Transpose &code) {
  return TransposeOp::create(builder, loc, typeOf(op.result()), operand(op, 0), code.permutation);
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Slice &code) {
  SmallVector<int64_t> stride(code.start.size(), 1);
  return SliceOp::create(builder, loc, typeOf(op.result()), operand(op, 0), code.start, code.limit, stride);
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Pad &code) {
  SmallVector<int64_t> interior(code.low.size(), 0);
  return PadOp::create(builder, loc, typeOf(op.result()), operand(op, 0), code.low, code.high, interior);
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Concat &code) {
  SmallVector<Value> operands;
  for (unsigned number = 0; number < op.operands.size(); ++number)
    operands.push_back(operand(op, number));
  return ConcatOp::create(builder, loc, typeOf(op.result()), operands, static_cast<uint64_t>(code.axis));
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Take &code) {
  return TakeOp::create(builder, loc, typeOf(op.result()), operand(op, 0), operand(op, 1),
                        static_cast<uint64_t>(code.axis));
}

Value FunctionBuilder::emit(const lang::Op &op, const op::Broadcast &code) {
  return BroadcastOp::create(builder, loc, typeOf(op.result()), operand(op, 0), code.axes);
}
