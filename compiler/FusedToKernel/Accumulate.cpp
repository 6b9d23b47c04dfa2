//===- Accumulate.cpp - Running results of a reduction --------------------===//

#include "FusedToKernel/Accumulate.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;
using fused::Combine;

std::pair<Value, Value> kernel::halves(OpBuilder builder, Location loc, Value vector) {
  int64_t half = cast<VectorType>(vector.getType()).getNumElements() / 2;
  auto part = [&](int64_t first) {
    return vector::ExtractStridedSliceOp::create(builder, loc, vector, ArrayRef<int64_t>{first},
                                                 ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1});
  };
  return {part(0), part(half)};
}

Value kernel::sumOfLanes(OpBuilder builder, Location loc, Value vector) {
  while (cast<VectorType>(vector.getType()).getNumElements() > 1) {
    auto [low, high] = halves(builder, loc, vector);
    vector = arith::AddFOp::create(builder, loc, low, high);
  }
  return vector::ExtractOp::create(builder, loc, vector, int64_t(0));
}

Accumulation::Accumulation(Location loc, fused::ReduceOp reduce) : loc(loc) {
  auto yielded = reduce.getBody().front().getTerminator()->getOperandTypes();
  for (auto [combine, type] : llvm::zip_equal(reduce.getCombine(), yielded)) {
    if (Combine(combine) == Combine::Each)
      continue;
    combines.push_back(Combine(combine));
    bool isMoments = combines.back() == Combine::Moments;
    for (int i = 0; i < (isMoments ? 2 : 1); ++i)
      slots.push_back({isMoments ? Combine::Sum : combines.back(), type});
  }
}

TypedAttr Accumulation::identity(OpBuilder builder, const Slot &slot) const {
  if (slot.combine == Combine::Sum)
    return builder.getZeroAttr(slot.type);
  bool isMax = slot.combine == Combine::Max;
  if (auto type = dyn_cast<FloatType>(slot.type))
    return builder.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics(), isMax));
  unsigned bits = slot.type.getIntOrFloatBitWidth();
  return builder.getIntegerAttr(slot.type, isMax ? APInt::getSignedMinValue(bits) : APInt::getSignedMaxValue(bits));
}

Accumulators Accumulation::identities(OpBuilder builder, unsigned lanes) const {
  return llvm::map_to_vector(slots, [&](const Slot &slot) {
    TypedAttr value = identity(builder, slot);
    if (lanes > 1)
      value = DenseElementsAttr::get(VectorType::get({lanes}, slot.type), Attribute(value));
    return Value(arith::ConstantOp::create(builder, loc, value));
  });
}

Value Accumulation::merge(OpBuilder builder, const Slot &slot, Value a, Value b) const {
  bool isFloat = isa<FloatType>(slot.type);
  switch (slot.combine) {
  case Combine::Sum:
    return isFloat ? Value(arith::AddFOp::create(builder, loc, a, b))
                   : Value(arith::AddIOp::create(builder, loc, a, b));
  case Combine::Max:
    return isFloat ? Value(arith::MaximumFOp::create(builder, loc, a, b))
                   : Value(arith::MaxSIOp::create(builder, loc, a, b));
  case Combine::Min:
    return isFloat ? Value(arith::MinimumFOp::create(builder, loc, a, b))
                   : Value(arith::MinSIOp::create(builder, loc, a, b));
  case Combine::Moments:
  case Combine::Each:
    break;
  }
  llvm_unreachable("moments are sums, and values of each index are not combined");
}

Accumulators Accumulation::add(OpBuilder builder, ValueRange sums, ValueRange values, ValueRange shifts) const {
  Accumulators result;
  for (auto [number, combine] : llvm::enumerate(combines)) {
    size_t slot = result.size();
    if (combine != Combine::Moments) {
      result.push_back(merge(builder, slots[slot], sums[slot], values[number]));
      continue;
    }
    Value distance = arith::SubFOp::create(builder, loc, values[number], shifts[number]);
    result.push_back(arith::AddFOp::create(builder, loc, sums[slot], distance));
    result.push_back(math::FmaOp::create(builder, loc, distance, distance, sums[slot + 1]));
  }
  return result;
}

Accumulators Accumulation::merge(OpBuilder builder, ValueRange a, ValueRange b) const {
  Accumulators result;
  for (auto [slot, x, y] : llvm::zip_equal(slots, a, b))
    result.push_back(merge(builder, slot, x, y));
  return result;
}

Accumulators Accumulation::acrossLanes(OpBuilder builder, ValueRange sums) const {
  Accumulators result;
  for (auto [slot, sum] : llvm::zip_equal(slots, sums)) {
    Value rest = sum;
    auto type = dyn_cast<VectorType>(sum.getType());
    for (int64_t lanes = type ? type.getNumElements() : 1; lanes > 1; lanes /= 2) {
      auto [low, high] = halves(builder, loc, rest);
      rest = merge(builder, slot, low, high);
    }
    result.push_back(type ? Value(vector::ExtractOp::create(builder, loc, rest, int64_t(0))) : rest);
  }
  return result;
}

Accumulators Accumulation::finish(OpBuilder builder, ValueRange sums, ValueRange shifts, Value count) const {
  Accumulators result;
  for (auto [number, combine] : llvm::enumerate(combines)) {
    size_t slot = result.size();
    if (combine != Combine::Moments) {
      result.push_back(sums[slot]);
      continue;
    }
    Value integer = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), count);
    Value total = arith::SIToFPOp::create(builder, loc, slots[slot].type, integer);
    if (sums[slot].getType() != total.getType())
      total = vector::BroadcastOp::create(builder, loc, sums[slot].getType(), total);
    Value offset = arith::DivFOp::create(builder, loc, sums[slot], total);
    Value excess = arith::MulFOp::create(builder, loc, offset, sums[slot]);
    result.push_back(arith::AddFOp::create(builder, loc, shifts[number], offset));
    result.push_back(arith::SubFOp::create(builder, loc, sums[slot + 1], excess));
  }
  return result;
}
