//===- PointEmitter.cpp - Virtual values as scalar programs ---------------===//

#include "GraphToFused/PointEmitter.h"

using namespace mlir;
using namespace nacre;

Value PointEmitter::emit(Value value, ValueRange index) {
  if (Value scalar = bound.lookup(value))
    return scalar;
  std::pair<void *, std::vector<void *>> key{value.getAsOpaquePointer(), {}};
  for (Value i : index)
    key.second.push_back(i.getAsOpaquePointer());
  if (auto found = known.find(key); found != known.end())
    return found->second;

  Value result;
  if (Value tensor = stored.lookup(value); tensor && !own.contains(value)) {
    result = tensor::ExtractOp::create(builder, value.getLoc(), tensor, index);
  } else {
    auto op = cast<graph::PointOpInterface>(value.getDefiningOp());
    result = op.emitPoint(builder, index,
                          [&](unsigned operand, ValueRange at) { return emit(op->getOperand(operand), at); });
  }
  known[key] = result;
  return result;
}
