//===- Convolutions.cpp - Nests for the convolution templates -------------===//
//
// The input gradient is a forward convolution of the result's gradient, spread
// apart by the stride, with taps turned round and channels exchanged.
//
//===----------------------------------------------------------------------===//

#include "GraphToFused/NestEmitter.h"

using namespace mlir;
using namespace nacre;

/// Parts of a weight gradient: enough for any number of threads, few enough that adding them up costs little. Large
/// gradients have fewer.
static constexpr int64_t maxParts = 16, minParts = 4, bytesOfParts = 16 << 20;

/// Tiles of a part by Winograd's method at least.
static constexpr int64_t tilesOfPart = 64;

static RankedTensorType typed(Value value) { return cast<RankedTensorType>(value.getType()); }

namespace {
/// A convolution as the template sees it.
struct Geometry {
  SmallVector<int64_t> extents, stride, low, high, dilation;
};
} // namespace

static Geometry geometryOf(graph::ConvOp op) {
  return {SmallVector<int64_t>(op.getX().getType().getShape()), SmallVector<int64_t>(op.getStride()),
          SmallVector<int64_t>(op.getLow()), SmallVector<int64_t>(op.getHigh()),
          SmallVector<int64_t>(op.getDilation())};
}

static Geometry geometryOf(graph::ConvDxOp op) {
  Geometry geometry{
      SmallVector<int64_t>(op.getY().getType().getShape()), {1, 1}, {}, {}, SmallVector<int64_t>(op.getDilation())};
  for (unsigned axis = 0; axis < 2; ++axis) {
    int64_t &extent = geometry.extents[axis + 2];
    extent = (extent - 1) * op.getStride()[axis] + 1;
    int64_t reach = op.getDilation()[axis] * (op.getW().getType().getDimSize(axis + 2) - 1);
    int64_t size = op.getResult().getType().getDimSize(axis + 2);
    geometry.low.push_back(reach - op.getLow()[axis]);
    geometry.high.push_back(size - extent - geometry.low.back() + reach);
  }
  return geometry;
}

/// From an index of the transposed weight [C, K / groups, ...] to one of the `weight` [K, C / groups, ...].
static void transposeIndex(OpBuilder &builder, Location loc, RankedTensorType weight, int64_t groups,
                           MutableArrayRef<Value> at) {
  std::swap(at[0], at[1]);
  if (groups == 1)
    return;
  Value inputs = arith::ConstantIndexOp::create(builder, loc, weight.getDimSize(1));
  Value outputs = arith::ConstantIndexOp::create(builder, loc, weight.getDimSize(0) / groups);
  Value group = builder.createOrFold<arith::DivUIOp>(loc, at[1], inputs);
  Value first = builder.createOrFold<arith::MulIOp>(loc, group, outputs);
  at[0] = builder.createOrFold<arith::AddIOp>(loc, first, at[0]);
  at[1] = builder.createOrFold<arith::RemUIOp>(loc, at[1], inputs);
}

/// The weight as the template reads it: taps, inputs, outputs in memory; with Winograd tiles blocks of outputs, inputs,
/// taps, the outputs of a block.
Value NestEmitter::packWeight(Value weight, int64_t groups, bool adjoint, bool isBlocked, Location loc) {
  Value &result = packed[{weight.getAsOpaquePointer(), groups, adjoint, isBlocked}];
  if (result)
    return result;
  SmallVector<int64_t> shape(typed(weight).getShape());
  if (adjoint)
    shape = {shape[1] * groups, shape[0] / groups, shape[2], shape[3]};
  int64_t block = fused::winogradBlock(shape[0] / groups);
  Type number = typed(weight).getElementType();
  auto type = isBlocked ? RankedTensorType::get({shape[0] / block, shape[1], shape[2], shape[3], block}, number)
                        : fused::withLayout(RankedTensorType::get(shape, number), {2, 3, 1, 0});
  result = map(loc, type, [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
    SmallVector<Value> at(index.take_front(4));
    if (isBlocked) {
      Value size = arith::ConstantIndexOp::create(inside, loc, block);
      Value start = arith::MulIOp::create(inside, loc, index[0], size);
      at[0] = arith::AddIOp::create(inside, loc, start, index[4]);
    }
    for (unsigned axis = 2; adjoint && axis < 4; ++axis) {
      Value end = arith::ConstantIndexOp::create(inside, loc, shape[axis] - 1);
      at[axis] = arith::SubIOp::create(inside, loc, end, at[axis]);
    }
    if (adjoint)
      transposeIndex(inside, loc, typed(weight), groups, at);
    return SmallVector<Value>{emitter.emit(weight, at)};
  });
  annotate(result.getDefiningOp(), "pack", "weights are put into the order of their use once for all images");
  return result;
}

/// The element of an image whose pixels lie `stride` apart, with zeros between.
static Value emitSpread(PointEmitter &emitter, OpBuilder &inside, Location loc, Value image, ValueRange index,
                        ArrayRef<int64_t> stride) {
  SmallVector<Value> at(index.take_front(2));
  Value hit;
  for (unsigned axis = 0; axis < 2; ++axis) {
    Value i = index[axis + 2];
    if (stride[axis] == 1) {
      at.push_back(i);
      continue;
    }
    Value step = arith::ConstantIndexOp::create(inside, loc, stride[axis]);
    Value zero = arith::ConstantIndexOp::create(inside, loc, 0);
    Value rest = arith::RemUIOp::create(inside, loc, i, step);
    Value here = arith::CmpIOp::create(inside, loc, arith::CmpIPredicate::eq, rest, zero);
    hit = hit ? Value(arith::AndIOp::create(inside, loc, hit, here)) : here;
    at.push_back(arith::DivUIOp::create(inside, loc, i, step));
  }
  Value element = emitter.emit(image, at);
  if (!hit)
    return element;
  Value zero = arith::ConstantOp::create(inside, loc, inside.getZeroAttr(element.getType()));
  return arith::SelectOp::create(inside, loc, hit, element, zero);
}

static IntegerAttr winogradAttr(Builder &builder, int64_t tile) {
  return tile ? builder.getI64IntegerAttr(tile) : IntegerAttr();
}

void NestEmitter::emitConv(const Nest &nest) {
  Location loc = nest.anchor->getLoc();
  Value image = nest.anchor->getOperand(0), sums = nest.anchor->getResult(0);
  auto forward = dyn_cast<graph::ConvOp>(nest.anchor);
  auto adjoint = dyn_cast<graph::ConvDxOp>(nest.anchor);
  Geometry geometry = forward ? geometryOf(forward) : geometryOf(adjoint);
  int64_t tile = winograd.tileFor(nest.anchor);
  int64_t groups = forward ? forward.getGroups() : adjoint.getGroups();
  Value weight = packWeight(nest.anchor->getOperand(1), groups, bool(adjoint), tile != 0, loc);

  auto load =
      makeRegion(loc, geometry.extents, {}, {}, [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
        SmallVector<int64_t> stride = {1, 1};
        if (adjoint)
          stride = SmallVector<int64_t>(adjoint.getStride());
        return SmallVector<Value>{emitSpread(emitter, inside, loc, image, index, stride)};
      });
  auto store = makeRegion(loc, typed(sums).getShape(), typed(sums).getElementType(), nest.values,
                          [&](PointEmitter &emitter, OpBuilder &, ValueRange arguments) {
                            emitter.bind(sums, arguments[4]);
                            return llvm::map_to_vector(
                                nest.values, [&](Value value) { return emitter.emit(value, arguments.take_front(4)); });
                          });
  auto inputs = isolate({load.get(), store.get()});
  SmallVector<Type> types = llvm::map_to_vector(nest.values, [&](Value value) -> Type { return typeOf(value); });
  auto op = fused::ConvOp::create(builder, loc, types, weight, inputs, geometry.extents, geometry.stride, geometry.low,
                                  geometry.high, geometry.dilation, groups, winogradAttr(builder, tile));
  op.getLoad().takeBody(*load);
  op.getStore().takeBody(*store);
  annotate(op, nest);
  for (auto [value, result] : llvm::zip_equal(nest.values, op.getResults()))
    stored[value] = result;
}

static int64_t directParts(graph::ConvDwOp op) {
  int64_t fitting = std::clamp(bytesOfParts / bytesOf(op.getResult()), minParts, maxParts);
  return std::min(fitting, op.getX().getType().getDimSize(0));
}

/// Each part is transformed back once, which has to be little beside its sums.
static int64_t winogradParts(graph::ConvDwOp op, int64_t tile) {
  ArrayRef<int64_t> y = op.getY().getType().getShape();
  int64_t tiles = y[0] * llvm::divideCeil(y[2], tile) * llvm::divideCeil(y[3], tile);
  return std::clamp<int64_t>(tiles / tilesOfPart, 1, std::min(maxParts, y[0]));
}

void NestEmitter::emitConvDw(graph::ConvDwOp op) {
  Location loc = op.getLoc();
  auto x = op.getX().getType(), y = op.getY().getType(), w = op.getResult().getType();
  auto element = [&](Value value) {
    return makeRegion(loc, typed(value).getShape(), {}, {}, [&](PointEmitter &emitter, OpBuilder &, ValueRange index) {
      return SmallVector<Value>{emitter.emit(value, index)};
    });
  };
  auto loadX = element(op.getX()), loadY = element(op.getY());
  auto inputs = isolate({loadX.get(), loadY.get()});
  int64_t tile = winograd.tileFor(op), parts = tile ? winogradParts(op, tile) : directParts(op);
  SmallVector<int64_t> shape(w.getShape());
  if (parts > 1)
    shape.insert(shape.begin(), parts);
  auto type = RankedTensorType::get(shape, w.getElementType());
  auto partial =
      fused::ConvDwOp::create(builder, loc, TypeRange{type}, inputs, x.getShape(), y.getShape(), op.getStride(),
                              op.getLow(), op.getHigh(), op.getDilation(), op.getGroups(), winogradAttr(builder, tile));
  partial.getLoadX().takeBody(*loadX);
  partial.getLoadY().takeBody(*loadY);
  annotate(partial, plan.nests()[*plan.nestOf(op.getResult())]);
  stored[op.getResult()] = partial.getResult(0);
  if (parts == 1)
    return;

  auto sum = reduce(loc, shape, {0}, {int32_t(fused::Combine::Sum)}, TypeRange{typeOf(op.getResult())}, {},
                    [&](PointEmitter &, OpBuilder &inside, ValueRange index) {
                      return SmallVector<Value>{
                          tensor::ExtractOp::create(inside, loc, partial.getResult(0), index).getResult()};
                    });
  annotate(sum, "conv_dw sum", "parts of the batch are added in an order that no number of threads changes");
  stored[op.getResult()] = sum.getResult(0);
}
