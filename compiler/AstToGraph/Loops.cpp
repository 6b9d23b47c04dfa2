//===- Loops.cpp - Loops over time as graph IR ----------------------------===//
//
// In programs a sequence is [steps, ...]; in the graph its slices lie one after
// another along their own leading axis (Graph/GraphOps.td, `scan`).
//
//===----------------------------------------------------------------------===//

#include "AstToGraph/FunctionBuilder.h"
#include "Graph/Scan.h"
#include "Graph/Term.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::graph;

/// [steps, n, ...] as [steps * n, ...], the slices of [steps] as one element each.
static SmallVector<int64_t> stackShape(ArrayRef<int64_t> shape) {
  if (shape.size() == 1)
    return SmallVector<int64_t>(shape);
  SmallVector<int64_t> merged(shape.drop_front());
  merged[0] *= shape[0];
  return merged;
}

static bool draws(const lang::Function &body) {
  return llvm::any_of(body.ops, [](const lang::Op &op) {
    auto *scan = std::get_if<lang::op::Scan>(&op.code);
    return std::holds_alternative<lang::op::Random>(op.code) || (scan && draws(*scan->body));
  });
}

void FunctionBuilder::addTime() {
  if (!wantsTime || time)
    return;
  auto slice = RankedTensorType::get({1}, builder.getI32Type());
  time = reshaped(addArgument(target, slice, sliceRole, "time"), {});
}

/// The times of a loop, those of all loops around it counted in.
Value FunctionBuilder::timesOf(int64_t steps) {
  auto type = RankedTensorType::get({steps}, builder.getI32Type());
  Term times(builder, loc, IotaOp::create(builder, loc, type, 0));
  return time ? times + times.at(time).broadcast(type, {}) * times.constant(double(steps)) : times;
}

func::FuncOp FunctionBuilder::emitBody(const lang::Function &body) {
  OpBuilder detached(builder.getContext());
  func::FuncOp function = makeFunction(detached, loc, (target.getName() + "_" + body.name).str());
  function.setPrivate();
  if (auto reference = target->getAttr(referenceAttr))
    function->setAttr(referenceAttr, reference);
  SymbolTable(target->getParentOp()).insert(function, Block::iterator(target));
  FunctionBuilder inside(body, floatType, function, locations);
  draws(body) ? inside.buildWithTime() : inside.build();
  return function;
}

Value FunctionBuilder::emit(const lang::Op &op, const lang::op::Scan &code) {
  func::FuncOp body = emitBody(*code.body);
  size_t carries = code.carries, ahead = carries + code.sequences;
  SmallVector<Value> operands;
  for (auto [number, value] : llvm::enumerate(op.operands)) {
    operands.push_back(narrowed(value));
    if (number >= carries && number < ahead)
      operands.back() = reshaped(operands.back(), stackShape(typeOf(value).getShape()));
  }
  SmallVector<Type> types;
  for (auto [number, value] : llvm::enumerate(op.results)) {
    RankedTensorType type = typeOf(value);
    types.push_back(number < carries ? type : type.clone(stackShape(type.getShape())));
  }
  ArrayRef<Value> all = operands;
  SmallVector<Value> sequences(all.slice(carries, code.sequences));
  if (draws(*code.body))
    sequences.push_back(timesOf(code.steps));
  auto scan = ScanOp::create(builder, loc, types, body.getName(), all.take_front(carries), sequences,
                             all.drop_front(ahead), code.steps, code.reverse);
  scan.setKeep(code.recompute);
  for (auto [value, result] : llvm::zip_equal(op.results, scan->getResults()))
    values[value] = reshaped(result, typeOf(value).getShape());
  return values[op.result()];
}
