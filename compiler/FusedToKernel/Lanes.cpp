//===- Lanes.cpp - Scalars of a program, several at a time ----------------===//

#include "FusedToKernel/Lanes.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre::kernel;

/// Point programs may name u8; arithmetic knows it by its signless twin.
static Type signless(Type type) {
  return type.isUnsignedInteger() ? IntegerType::get(type.getContext(), type.getIntOrFloatBitWidth()) : type;
}

/// 0, step, 2 * step, ...
static Value ramp(OpBuilder &builder, Location loc, Type element, unsigned lanes, int64_t step) {
  auto type = VectorType::get({lanes}, element);
  SmallVector<Attribute> values;
  for (unsigned lane = 0; lane < lanes; ++lane)
    values.push_back(builder.getIntegerAttr(element, lane * step));
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, values));
}

Width Width::first(LoopNest &nest, Value count, unsigned lanes) {
  OpBuilder builder = nest.here();
  Location loc = nest.getLoc();
  Type word = builder.getI32Type();
  Value narrow = arith::IndexCastOp::create(builder, loc, word, count);
  Value limit = vector::BroadcastOp::create(builder, loc, VectorType::get({lanes}, word), narrow);
  Value numbers = ramp(builder, loc, word, lanes, 1);
  return {lanes, arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, numbers, limit)};
}

Value LaneMath::usedLanes(OpBuilder &builder) {
  if (mask)
    return mask;
  auto type = VectorType::get({width}, builder.getI1Type());
  return arith::ConstantOp::create(builder, kernel.loops().getLoc(), DenseElementsAttr::get(type, true));
}

Value LaneMath::whole(const Lanes &lanes) {
  if (width == 1 || lanes.isVector)
    return lanes.value;
  Value &known = widened[{lanes.value, lanes.step}];
  if (known)
    return known;
  OpBuilder builder = kernel.loops().at(lanes.level);
  Location loc = kernel.loops().getLoc();
  Type element = lanes.value.getType();
  known = vector::BroadcastOp::create(builder, loc, VectorType::get({width}, element), lanes.value);
  if (lanes.step != 0)
    known = arith::AddIOp::create(builder, loc, known, ramp(builder, loc, element, width, lanes.step));
  return known;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// Sums, differences, multiples and casts of indices keep a constant step.
bool LaneMath::applyToSteps(Operation *op, ArrayRef<Lanes> operands, Lanes &result) {
  if (llvm::any_of(operands, [](const Lanes &lanes) { return lanes.isVector; }))
    return false;
  APInt factor;
  if (isa<arith::AddIOp>(op))
    result.step = operands[0].step + operands[1].step;
  else if (isa<arith::SubIOp>(op))
    result.step = operands[0].step - operands[1].step;
  else if (isa<arith::IndexCastOp>(op))
    result.step = operands[0].step;
  else if (isa<arith::MulIOp>(op) && operands[1].step == 0 && matchPattern(operands[1].value, m_ConstantInt(&factor)))
    result.step = operands[0].step * factor.getSExtValue();
  else if (isa<arith::MulIOp>(op) && operands[0].step == 0 && matchPattern(operands[0].value, m_ConstantInt(&factor)))
    result.step = operands[1].step * factor.getSExtValue();
  else
    return false;
  return true;
}

Lanes LaneMath::apply(Operation *op, ArrayRef<Lanes> operands) {
  Lanes result;
  for (const Lanes &lanes : operands)
    result.level = std::max(result.level, lanes.level);
  bool isStepped = llvm::any_of(operands, [](const Lanes &lanes) { return !lanes.isUniform(); });
  if (isStepped && !applyToSteps(op, operands, result))
    result.isVector = true;

  IRMapping mapping;
  for (auto [operand, lanes] : llvm::zip_equal(op->getOperands(), operands))
    mapping.map(operand, result.isVector ? whole(lanes) : lanes.value);
  OpBuilder builder = kernel.loops().at(result.level);
  Operation *copy = builder.clone(*op, mapping);
  copy->setLoc(kernel.loops().getLoc());
  Type type = signless(op->getResult(0).getType());
  copy->getResult(0).setType(result.isVector ? VectorType::get({width}, type) : type);
  result.value = copy->getResult(0);
  return result;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

LaneMath::Address LaneMath::address(const Buffer &buffer, ArrayRef<Lanes> indices, unsigned level) {
  Address at;
  at.level = level;
  at.base = kernel.loops().math(0).constant(0);
  // Outer loops first: what they contribute is then added outside of the inner ones.
  SmallVector<unsigned> order = llvm::to_vector(llvm::seq<unsigned>(0, indices.size()));
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::make_pair(indices[a].level, a) < std::make_pair(indices[b].level, b);
  });
  unsigned baseLevel = 0;
  for (unsigned axis : order) {
    const Lanes &index = indices[axis];
    at.level = std::max(at.level, index.level);
    int64_t known = buffer.strides[axis];
    Value stride = buffer.stride(kernel.loops().math(0), axis);
    if (index.isVector) {
      vary(at, whole(index), stride);
      continue;
    }
    baseLevel = std::max(baseLevel, index.level);
    IndexMath math = kernel.loops().math(baseLevel);
    at.base = math.add(at.base, math.mul(index.value, stride));
    if (index.step != 0 && ShapedType::isDynamic(known)) {
      Value part = kernel.loops().math(0).mul(stride, index.step);
      at.distance = at.distance ? kernel.loops().math(0).add(at.distance, part) : part;
    } else if (index.step != 0) {
      at.step += index.step * known;
    }
  }
  return at;
}

/// Lanes lie `stride` elements times `steps` further.
void LaneMath::vary(Address &at, Value steps, Value stride) {
  Location loc = kernel.loops().getLoc();
  OpBuilder builder = kernel.loops().at(at.level);
  Value strides = vector::BroadcastOp::create(builder, loc, steps.getType(), stride);
  Value part = arith::MulIOp::create(builder, loc, steps, strides);
  at.varying = at.varying ? Value(arith::AddIOp::create(builder, loc, at.varying, part)) : part;
}

/// What the lanes add to the base, as a vector.
Value LaneMath::offsets(const Address &at) {
  Location loc = kernel.loops().getLoc();
  Value sum;
  auto add = [&](OpBuilder builder, Value part) {
    sum = sum ? Value(arith::AddIOp::create(builder, loc, sum, part)) : part;
  };
  OpBuilder outside = kernel.loops().at(0), builder = kernel.loops().at(at.level);
  if (at.distance) {
    Value steps = ramp(outside, loc, outside.getIndexType(), width, 1);
    Value distances = vector::BroadcastOp::create(outside, loc, steps.getType(), at.distance);
    add(outside, arith::MulIOp::create(outside, loc, steps, distances));
  }
  if (at.step != 0 || (!at.distance && !at.varying))
    add(outside, ramp(outside, loc, outside.getIndexType(), width, at.step));
  if (at.varying)
    add(builder, at.varying);
  return sum;
}

/// Elements at equal distances one by one, which takes less time than to gather them.
Value LaneMath::loadApart(const Buffer &buffer, const Address &at, VectorType type) {
  OpBuilder builder = kernel.loops().at(at.level);
  Location loc = kernel.loops().getLoc();
  IndexMath math = kernel.loops().math(at.level), outside = kernel.loops().math(0);
  Value distance = at.distance ? outside.add(at.distance, at.step) : outside.constant(at.step);
  SmallVector<Value> elements;
  for (unsigned lane = 0; lane < width; ++lane) {
    Value place = math.add(at.base, outside.mul(distance, lane));
    elements.push_back(memref::LoadOp::create(builder, loc, buffer.memref, place));
  }
  return vector::FromElementsOp::create(builder, loc, type, elements);
}

/// Lanes side by side are only taken for vectors where they are aligned on a GPU (InnerLoop.h), which faults on others.
static llvm::MaybeAlign alignmentOf(const KernelFunction &kernel, VectorType type) {
  if (!kernel.getTarget().isGpu())
    return std::nullopt;
  return llvm::Align(type.getNumElements() * type.getElementTypeBitWidth() / 8);
}

Lanes LaneMath::load(const Buffer &buffer, ArrayRef<Lanes> indices, unsigned level) {
  Address at = address(buffer, indices, level);
  OpBuilder builder = kernel.loops().at(at.level);
  Location loc = kernel.loops().getLoc();
  Type storage = cast<MemRefType>(buffer.memref.getType()).getElementType();
  Lanes result{Value(), at.level, 0, at.varying || at.distance || at.step != 0};
  auto type = VectorType::get({width}, storage);
  bool isEven = !at.varying, isContiguous = isEven && !at.distance && at.step == 1;
  auto none = [&]() -> Value { return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)); };
  if (!result.isVector)
    result.value = memref::LoadOp::create(builder, loc, buffer.memref, at.base);
  else if (isContiguous && mask)
    result.value = vector::MaskedLoadOp::create(builder, loc, type, buffer.memref, at.base, mask, none());
  else if (isContiguous)
    result.value = vector::LoadOp::create(builder, loc, type, buffer.memref, at.base, /*nontemporal=*/false,
                                          alignmentOf(kernel, type));
  else if (isEven && !mask)
    result.value = loadApart(buffer, at, type);
  else
    result.value =
        vector::GatherOp::create(builder, loc, type, buffer.memref, at.base, offsets(at), usedLanes(builder), none());
  if (buffer.element.isInteger(1) && !storage.isInteger(1))
    result.value = arith::TruncIOp::create(
        builder, loc, result.isVector ? Type(VectorType::get({width}, buffer.element)) : buffer.element, result.value);
  return result;
}

void LaneMath::touch(const Buffer &buffer, ArrayRef<Lanes> indices, Value distance) {
  constexpr unsigned lineBits = 64 * 8, nearest = 3;
  Address at = address(buffer, indices, 0);
  if (at.varying || at.distance || at.step != 1 || at.level < kernel.loops().depth())
    return;
  OpBuilder builder = kernel.loops().here();
  IndexMath math = kernel.loops().math();
  Value place = math.add(at.base, distance);
  for (unsigned lane = 0; lane < width; lane += lineBits / buffer.storage().getIntOrFloatBitWidth())
    memref::PrefetchOp::create(builder, kernel.loops().getLoc(), buffer.memref, ValueRange{math.add(place, lane)},
                               /*isWrite=*/false, nearest, /*isDataCache=*/true);
}

void LaneMath::store(const Buffer &buffer, ArrayRef<Lanes> indices, const Lanes &value) {
  unsigned depth = kernel.loops().depth();
  Address at = address(buffer, indices, depth);
  OpBuilder builder = kernel.loops().at(depth);
  Location loc = kernel.loops().getLoc();
  Value stored = whole(value);
  if (buffer.element.isInteger(1)) {
    Type byte = buffer.storage();
    stored = arith::ExtUIOp::create(builder, loc, width == 1 ? byte : VectorType::get({width}, byte), stored);
  }
  bool isContiguous = !at.varying && !at.distance && at.step == 1;
  if (width == 1)
    memref::StoreOp::create(builder, loc, stored, buffer.memref, at.base);
  else if (isContiguous && mask)
    vector::MaskedStoreOp::create(builder, loc, buffer.memref, at.base, mask, stored);
  else if (isContiguous)
    vector::StoreOp::create(builder, loc, stored, buffer.memref, at.base, /*nontemporal=*/false,
                            alignmentOf(kernel, cast<VectorType>(stored.getType())));
  else
    vector::ScatterOp::create(builder, loc, Type(), buffer.memref, at.base, offsets(at), usedLanes(builder), stored);
}
