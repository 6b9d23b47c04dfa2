//===- UniqueOps.cpp - Makes every op once --------------------------------===//

#include "Grad/UniqueOps.h"

using namespace mlir;
using namespace nacre::grad;
using namespace nacre::graph;

unsigned UniqueOps::SameOp::getHashValue(const Operation *op) {
  return OperationEquivalence::computeHash(const_cast<Operation *>(op), OperationEquivalence::directHashValue,
                                           OperationEquivalence::ignoreHashValue,
                                           OperationEquivalence::IgnoreLocations);
}

bool UniqueOps::SameOp::isEqual(const Operation *a, const Operation *b) {
  if (a == b)
    return true;
  auto isMarker = [](const Operation *op) { return op == getEmptyKey() || op == getTombstoneKey(); };
  return !isMarker(a) && !isMarker(b) &&
         OperationEquivalence::isEquivalentTo(const_cast<Operation *>(a), const_cast<Operation *>(b),
                                              OperationEquivalence::IgnoreLocations);
}

UniqueOps::UniqueOps(func::FuncOp function) : builder(function.getContext()), loc(function.getLoc()) {
  for (BlockArgument argument : function.getArguments())
    number(argument);
}

void UniqueOps::moveBefore(Operation *op) {
  builder.setInsertionPoint(op);
  loc = op->getLoc();
}

Value UniqueOps::meet(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumResults() != 1)
    return value;
  auto [place, isNew] = met.insert(op);
  if (isNew || *place == op) {
    number(value);
    return value;
  }
  Value known = (*place)->getResult(0);
  Value better = replaced.lookup(known);
  return better ? better : known;
}

Value UniqueOps::unique(Value value) {
  Value known = meet(value);
  if (known != value)
    if (Operation *op = value.getDefiningOp(); op && op->use_empty())
      op->erase();
  return known;
}

void UniqueOps::replace(Value old, Value fresh) {
  old.replaceAllUsesWith(fresh);
  replaced[old] = fresh;
}

Value UniqueOps::constant(RankedTensorType type, double splat) {
  return unique(ConstantOp::create(builder, loc, type, splat));
}

Value UniqueOps::broadcast(Value x, RankedTensorType type, ArrayRef<int64_t> axes) {
  return unique(term(x).broadcast(type, axes));
}

Value UniqueOps::scaled(Value x, double c) {
  if (c == 1)
    return x;
  return c == -1 ? unique(-term(x)) : binary<MulOp>(x, constant(cast<RankedTensorType>(x.getType()), c));
}

int64_t UniqueOps::number(Value value) { return numbers.try_emplace(value, numbers.size()).first->second; }
