//===- FunctionBuilder.cpp - One function of a program as graph IR --------===//

#include "AstToGraph/FunctionBuilder.h"
#include "AstToGraph/Widths.h"
#include "Graph/Term.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::graph;

FunctionBuilder::FunctionBuilder(const lang::Function &source, FloatType floatType, func::FuncOp target,
                                 Locations &locations)
    : source(source), floatType(floatType), target(target), locations(locations),
      builder(OpBuilder::atBlockEnd(&target.front())), loc(target.getLoc()), schedule(scheduleValues(source)),
      values(source.values.size()), narrow(source.values.size()) {}

static StringRef roleName(const lang::Port &port) {
  using Role = lang::Port::Role;
  switch (port.role) {
  case Role::Param:
    return "param";
  case Role::State:
    return "state";
  case Role::Gradient:
    return "gradient";
  case Role::GradNorm:
    return "grad_norm";
  case Role::Field:
    return "field";
  case Role::Loss:
    return "loss";
  case Role::Metric:
    return "metric";
  case Role::Total:
    return "total";
  case Role::Show:
    return "show";
  case Role::Carry:
    return "carry";
  case Role::Slice:
    return "slice";
  case Role::Invariant:
    return "invariant";
  }
  llvm_unreachable("a port has one of the roles above");
}

void FunctionBuilder::build() {
  for (const lang::Port &argument : source.arguments) {
    if (argument.role == lang::Port::Role::Invariant)
      addTime();
    RankedTensorType type = portType(argument);
    Value value = addArgument(target, type, roleName(argument), argument.name);
    values[argument.value] = reshaped(value, typeOf(argument.value).getShape());
  }
  addTime();
  for (const lang::Op &op : source.ops) {
    loc = locations.of(op.frame);
    values[op.result()] = std::visit([&](const auto &code) { return emit(op, code); }, op.code);
  }
  setResults(target, results());
}

/// The learning rate stays f64: it is for the eye. All else has the model's width.
Ports FunctionBuilder::results() {
  Ports ports;
  for (const lang::Port &result : source.results) {
    bool isRate = target.getName() == "update" && result.role == lang::Port::Role::Metric && result.name == "lr";
    loc = target.getLoc();
    Value value = isRate ? values[result.value] : narrowed(result.value);
    ports.push_back(
        {isRate ? "lr" : roleName(result).str(), result.name, reshaped(value, portType(result).getShape())});
  }
  return ports;
}

/// A slice has an axis along which it can be stacked.
RankedTensorType FunctionBuilder::portType(const lang::Port &port) const {
  RankedTensorType type = typeOf(port.value);
  bool needsAxis = port.role == lang::Port::Role::Slice && type.getRank() == 0;
  return needsAxis ? type.clone(ArrayRef<int64_t>(1)) : type;
}

Value FunctionBuilder::reshaped(Value value, ArrayRef<int64_t> shape) {
  return Term(builder, loc, value).reshape(shape);
}

RankedTensorType FunctionBuilder::typeOf(lang::Value value) const {
  const lang::TensorType &type = source.values[value];
  MLIRContext *context = floatType.getContext();
  switch (type.dtype) {
  case lang::DType::Float:
    return RankedTensorType::get(type.shape, schedule[value] ? Float64Type::get(context) : floatType);
  case lang::DType::Int:
    return RankedTensorType::get(type.shape, IntegerType::get(context, 32));
  case lang::DType::U8:
    return RankedTensorType::get(type.shape, IntegerType::get(context, 8, IntegerType::Unsigned));
  case lang::DType::Bool:
    return RankedTensorType::get(type.shape, IntegerType::get(context, 1));
  }
  llvm_unreachable("a tensor has one of the types above");
}

Value FunctionBuilder::operand(const lang::Op &reader, unsigned number) {
  lang::Value value = reader.operands[number];
  return schedule[reader.result()] ? values[value] : narrowed(value);
}

Value FunctionBuilder::narrowed(lang::Value value) {
  auto type = cast<RankedTensorType>(values[value].getType());
  if (!schedule[value] || !isa<FloatType>(type.getElementType()) || type.getElementType() == floatType)
    return values[value];
  if (!narrow[value])
    narrow[value] = ConvertOp::create(builder, loc, type.clone(floatType), values[value]);
  return narrow[value];
}
