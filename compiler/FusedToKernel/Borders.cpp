//===- Borders.cpp - Where comparisons of an index change -----------------===//

#include "FusedToKernel/Borders.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace nacre;

std::optional<int64_t> kernel::constantOf(Value value) {
  APInt constant;
  return matchPattern(value, m_ConstantInt(&constant)) ? std::optional(constant.getSExtValue()) : std::nullopt;
}

std::optional<int64_t> kernel::distanceFrom(Value index, Value value) {
  int64_t distance = 0;
  while (value != index) {
    Operation *op = value.getDefiningOp();
    bool isSum = isa_and_present<arith::AddIOp>(op), isDifference = isa_and_present<arith::SubIOp>(op);
    std::optional<int64_t> constant = isSum || isDifference ? constantOf(op->getOperand(1)) : std::nullopt;
    if (!constant)
      return std::nullopt;
    distance += isSum ? *constant : -*constant;
    value = op->getOperand(0);
  }
  return distance;
}

std::optional<kernel::Border> kernel::borderOf(arith::CmpIOp compare, Value index) {
  std::optional<int64_t> distance = distanceFrom(index, compare.getLhs()), with = constantOf(compare.getRhs());
  if (!distance || !with)
    return std::nullopt;
  using P = arith::CmpIPredicate;
  P predicate = compare.getPredicate();
  bool isFrom = predicate == P::sge || predicate == P::slt, isBehind = predicate == P::sgt || predicate == P::sle;
  if (!isFrom && !isBehind)
    return std::nullopt;
  return Border{*with - *distance + isBehind, predicate == P::sge || predicate == P::sgt};
}
