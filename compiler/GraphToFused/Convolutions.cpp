//===- Convolutions.cpp - Nests for the convolution templates -------------===//
//
// The input gradient is a forward convolution of the result's gradient, spread
// apart by the stride, with taps turned round and channels exchanged. The template
// knows of the spread, unless taps are dilated, too, or on a CPU channels in groups: then
// the operand has the zeros.
//
//===----------------------------------------------------------------------===//

#include "Fused/WinogradMatrices.h"
#include "Graph/Scan.h"
#include "GraphToFused/NestEmitter.h"
#include "GraphToFused/TapMath.h"

using namespace mlir;
using namespace nacre;

/// Parts of a weight gradient: enough for any number of threads, few enough that adding them up costs little beside the
/// sums over their pixels.
static constexpr int64_t maxParts = 16, pixelsOfPart = 1024, partsOfGroups = 4;
/// Of groups on a GPU, where a block may have all channels: as many as multiprocessors.
static constexpr int64_t maxPartsOnGpu = 128;

/// Outputs between elements of a spread operand.
static constexpr int64_t mostPhases = 16;

/// Parts by Winograd's method, at most.
static constexpr int64_t maxWinogradParts = 8;

/// Tiles that a weight gradient multiplies at a time, of one image or of several whole ones: as the table of schedules
/// says (FusedToKernel/Schedules.def).
static constexpr int64_t tilesOfBlock = 32;

static RankedTensorType typed(Value value) { return cast<RankedTensorType>(value.getType()); }

namespace {
/// A convolution as the template sees it.
struct Geometry {
  SmallVector<int64_t> extents, stride, low, high, dilation;
  SmallVector<int64_t> spread = {1, 1};  ///< By the template.
  SmallVector<int64_t> written = {1, 1}; ///< By the program that yields the operand, zeros included.
};
} // namespace

static Geometry geometryOf(graph::ConvOp op, const Frames &frames) {
  Geometry geometry{frames.images(op.getX().getType().getShape()), frames.plane(op.getStride(), 1),
                    frames.plane(op.getLow(), 0), frames.plane(op.getHigh(), 0), frames.plane(op.getDilation(), 1)};
  geometry.extents[0] = frames.images(op.getType().getShape())[0];
  return geometry;
}

/// Whether the template spreads the operand apart: outputs between its elements each have code of their own.
static bool canSpread(ArrayRef<int64_t> stride, ArrayRef<int64_t> dilation, int64_t groups, bool isForGpu) {
  int64_t phases = stride[0] * stride[1];
  return (groups == 1 || isForGpu) && phases > 1 && phases <= mostPhases && dilation[0] == 1 && dilation[1] == 1;
}

static Geometry geometryOf(graph::ConvDxOp op, const Frames &frames, bool isForGpu) {
  SmallVector<int64_t> result = frames.images(op.getType().getShape()), stride = frames.plane(op.getStride(), 1),
                       low = frames.plane(op.getLow(), 0), dilation = frames.plane(op.getDilation(), 1),
                       taps = frames.tapsOfPlane(op.getW().getType().getShape());
  Geometry geometry{frames.images(op.getY().getType().getShape()), {1, 1}, {}, {}, dilation};
  geometry.extents[0] = result[0];
  for (unsigned axis = 0; axis < 2; ++axis) {
    int64_t extent = (geometry.extents[axis + 2] - 1) * stride[axis] + 1;
    int64_t reach = dilation[axis] * (taps[axis + 2] - 1);
    geometry.low.push_back(reach - low[axis]);
    geometry.high.push_back(result[axis + 2] - extent - geometry.low.back() + reach);
    if (canSpread(stride, dilation, op.getGroups(), isForGpu)) {
      geometry.spread[axis] = stride[axis];
      continue;
    }
    geometry.written[axis] = stride[axis];
    geometry.extents[axis + 2] = extent;
  }
  return geometry;
}

/// The frame that tap `tap` reads for frame `i` of the result.
static Value operandFrame(TapMath &math, graph::ConvOp op, int64_t axis, Value i, int64_t tap) {
  return math.forward(i, op.getType().getDimSize(axis + 2), math.constant(tap),
                      op.getW().getType().getDimSize(axis + 2), op.getStride()[axis], op.getDilation()[axis],
                      op.getLow()[axis], op.getX().getType().getDimSize(axis + 2));
}
static Value operandFrame(TapMath &math, graph::ConvDxOp op, int64_t axis, Value i, int64_t tap) {
  return math.backward(i, math.constant(tap), op.getStride()[axis], op.getDilation()[axis], op.getLow()[axis],
                       op.getY().getType().getDimSize(axis + 2));
}
/// The same of a weight gradient's x, for frame `i` of y.
static Value operandFrame(TapMath &math, graph::ConvDwOp op, int64_t axis, Value i, int64_t tap) {
  return math.forward(i, op.getY().getType().getDimSize(axis + 2), math.constant(tap),
                      op.getType().getDimSize(axis + 2), op.getStride()[axis], op.getDilation()[axis],
                      op.getLow()[axis], op.getX().getType().getDimSize(axis + 2));
}

/// Of an image's number that of the sample, and its frame.
static std::pair<Value, Value> sampleAndFrame(TapMath &math, Value image, int64_t frames) {
  return {math.div(image, frames), math.mod(image, frames)};
}

/// The element of an operand at the index of an image's, [n, c, row, column], where there are `count` images of a
/// sample and `op` reads its frames by tap `tap`.
template <typename Op>
static Value emitOperand(TapMath &math, Op op, Value operand, const Frames &frames, int64_t count, ValueRange index,
                         int64_t tap) {
  auto [sample, frame] = sampleAndFrame(math, index[0], count);
  if (frames.axis())
    frame = operandFrame(math, op, *frames.axis(), frame, tap);
  SmallVector<Value> at(index.take_front(4));
  at[0] = sample;
  return math.guarded(math.emitter.emit(operand, frames.indexOf(at, frame)));
}

/// From an index of the transposed weight [C, K / groups, ...] to one of the `weight` [K, C / groups, ...].
static void transposeIndex(TapMath &math, RankedTensorType weight, int64_t groups, MutableArrayRef<Value> at) {
  std::swap(at[0], at[1]);
  if (groups == 1)
    return;
  int64_t inputs = weight.getDimSize(1), outputs = weight.getDimSize(0) / groups;
  at[0] = math.add(math.mul(math.div(at[1], inputs), outputs), at[0]);
  at[1] = math.mod(at[1], inputs);
}

/// Images with so few tiles, by Winograd's method, that each would be as much work as its weights.
static bool hasFewTiles(ArrayRef<int64_t> images, int64_t tile) {
  constexpr int64_t few = 32;
  return images[0] * llvm::divideCeil(images[2], tile) * llvm::divideCeil(images[3], tile) <= few;
}

/// Whether a loop's steps all read the same weight: what is made of it is made in front of the loop.
bool NestEmitter::isReadAtEveryStep(Value weight) const {
  auto isInvariant = [](Value leaf) {
    auto argument = dyn_cast<BlockArgument>(leaf);
    auto function = argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : func::FuncOp();
    return function && graph::argumentsOf(function)[argument.getArgNumber()].is(graph::invariantRole);
  };
  return llvm::all_of(choice.leavesOf(weight), isInvariant);
}

/// A packed weight at the points of the Winograd domain: first along the columns of its taps, then along the rows.
Value NestEmitter::transformWeight(Value packed, int64_t tile, Location loc) {
  fused::Matrix matrix = fused::winogradMatrices(tile, 3).weight;
  int64_t edge = matrix.size(), taps = matrix[0].size();
  FloatType number = cast<FloatType>(typed(packed).getElementType());
  SmallVector<Attribute> entries;
  for (ArrayRef<double> row : matrix)
    for (double entry : row)
      entries.push_back(builder.getFloatAttr(number, entry));
  auto table = DenseElementsAttr::get(RankedTensorType::get({edge, taps}, number), entries);

  // Row `i` of the matrix times the taps that `tapAt` has.
  auto emitSum = [&](TapMath &math, Value i, function_ref<Value(Value)> tapAt) {
    Value rows = arith::ConstantOp::create(math.builder, loc, table), sum;
    for (int64_t tap = 0; tap < taps; ++tap) {
      Value number = math.constant(tap);
      Value entry = tensor::ExtractOp::create(math.builder, loc, rows, ValueRange{i, number});
      Value product = math.product(entry, tapAt(number));
      sum = sum ? Value(arith::AddFOp::create(math.builder, loc, sum, product)) : product;
    }
    return SmallVector<Value>{sum};
  };
  auto transform = [&](ArrayRef<int64_t> shape, function_ref<SmallVector<Value>(TapMath &, ValueRange)> element) {
    Value result =
        map(loc, RankedTensorType::get(shape, number), [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
          TapMath math{emitter, inside, loc};
          return element(math, index);
        });
    annotate(result.getDefiningOp(), "transform", "weights are taken to the Winograd domain once for all images");
    result.getDefiningOp()->setAttr(fused::weightAttr, builder.getUnitAttr());
    return result;
  };
  ArrayRef<int64_t> shape = typed(packed).getShape();
  int64_t panels = shape[0], channels = shape[1], block = shape[4];
  Value columns = transform({panels, edge, channels, taps, block}, [&](TapMath &math, ValueRange at) {
    return emitSum(math, at[1], [&](Value tap) -> Value {
      return tensor::ExtractOp::create(math.builder, loc, packed, ValueRange{at[0], at[2], tap, at[3], at[4]});
    });
  });
  return transform({edge * edge, panels, channels, block}, [&](TapMath &math, ValueRange at) {
    Value row = math.div(at[0], edge);
    return emitSum(math, math.mod(at[0], edge), [&](Value tap) -> Value {
      return tensor::ExtractOp::create(math.builder, loc, columns, ValueRange{at[1], row, at[2], tap, at[3]});
    });
  });
}

/// The weight of one convolution as the template reads it: taps, inputs, outputs in memory; with Winograd tiles blocks
/// of outputs, inputs, taps, the outputs of a block, or transformed.
Value NestEmitter::packWeight(Value weight, const PackedForm &form, Location loc) {
  Value &result = packed[{weight.getAsOpaquePointer(), form}];
  if (result)
    return result;
  Frames frames(typed(weight));
  SmallVector<int64_t> shape = frames.tapsOfPlane(typed(weight).getShape());
  if (form.isAdjoint)
    shape = {shape[1] * form.groups, shape[0] / form.groups, shape[2], shape[3]};
  int64_t block = fused::winogradBlock(shape[0] / form.groups);
  Type number = typed(weight).getElementType();
  auto type = form.tile ? RankedTensorType::get({shape[0] / block, shape[1], shape[2], shape[3], block}, number)
                        : fused::withLayout(RankedTensorType::get(shape, number), {2, 3, 1, 0});
  result = map(loc, type, [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
    TapMath math{emitter, inside, loc};
    SmallVector<Value> at(index.take_front(4));
    if (form.tile)
      at[0] = math.add(math.mul(index[0], block), index[4]);
    for (unsigned axis = 2; form.isAdjoint && axis < 4; ++axis)
      at[axis] = arith::SubIOp::create(inside, loc, math.constant(shape[axis] - 1), at[axis]);
    if (form.isAdjoint)
      transposeIndex(math, typed(weight), form.groups, at);
    return SmallVector<Value>{emitter.emit(weight, frames.indexOf(at, math.constant(form.tap)))};
  });
  annotate(result.getDefiningOp(), "pack", "weights are put into the order of their use once for all images");
  result.getDefiningOp()->setAttr(fused::weightAttr, builder.getUnitAttr());
  if (form.tile && (form.isSmall || isReadAtEveryStep(weight)))
    result = transformWeight(result, form.tile, loc);
  return result;
}

/// The index in an image of which rows and columns lie `stride` apart, with zeros between.
static SmallVector<Value> emitSpread(TapMath &math, ValueRange index, ArrayRef<int64_t> stride) {
  SmallVector<Value> at(index.take_front(4));
  for (unsigned axis = 0; axis < 2; ++axis) {
    if (stride[axis] == 1)
      continue;
    Value &i = at[axis + 2];
    math.require(arith::CmpIPredicate::eq, math.mod(i, stride[axis]), math.constant(0));
    i = math.div(i, stride[axis]);
  }
  return at;
}

static IntegerAttr winogradAttr(Builder &builder, int64_t tile) {
  return tile ? builder.getI64IntegerAttr(tile) : IntegerAttr();
}

std::unique_ptr<Region> NestEmitter::makeStore(const Nest &nest, ArrayRef<Value> values, Value soFar) {
  Location loc = nest.anchor->getLoc();
  Value sums = nest.anchor->getResult(0);
  int64_t rank = typed(sums).getRank();
  return makeRegion(loc, typed(sums).getShape(), typed(sums).getElementType(), nest.values,
                    [&](PointEmitter &emitter, OpBuilder &inside, ValueRange arguments) {
                      ValueRange index = arguments.take_front(rank);
                      Value sum = arguments[rank];
                      if (soFar) {
                        Value before = tensor::ExtractOp::create(inside, loc, soFar, index);
                        sum = arith::AddFOp::create(inside, loc, before, sum);
                      }
                      emitter.bind(sums, sum);
                      return llvm::map_to_vector(values, [&](Value value) { return emitter.emit(value, index); });
                    });
}

void NestEmitter::emitConv(const Nest &nest) {
  Location loc = nest.anchor->getLoc();
  Value image = nest.anchor->getOperand(0), weight = nest.anchor->getOperand(1), sums = nest.anchor->getResult(0),
        soFar;
  auto forward = dyn_cast<graph::ConvOp>(nest.anchor);
  auto adjoint = dyn_cast<graph::ConvDxOp>(nest.anchor);
  Frames frames(typed(weight));
  Geometry geometry = forward ? geometryOf(forward, frames) : geometryOf(adjoint, frames, convolutions.isForGpu());
  int64_t groups = forward ? forward.getGroups() : adjoint.getGroups();
  ConvolutionPlan method = convolutions.planFor(nest.anchor);
  int64_t count = frames.countIn(typed(sums).getShape());
  DenseI64ArrayAttr spread;
  if (geometry.spread != SmallVector<int64_t>{1, 1})
    spread = builder.getDenseI64ArrayAttr(geometry.spread);
  DenseI64ArrayAttr axes;
  if (frames.axis())
    axes = builder.getDenseI64ArrayAttr(frames.axesOfResults());

  bool isSmall = method.tile && hasFewTiles(geometry.extents, method.tile);
  for (int64_t tap = 0; tap < frames.taps(); ++tap) {
    SmallVector<Value> values(nest.values);
    if (tap + 1 < frames.taps())
      values = {sums};
    Value packedWeight = packWeight(weight, {groups, bool(adjoint), method.tile, tap, isSmall}, loc);
    auto load =
        makeRegion(loc, geometry.extents, {}, {}, [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
          TapMath math{emitter, inside, loc};
          SmallVector<Value> at = emitSpread(math, index, geometry.written);
          return SmallVector<Value>{forward ? emitOperand(math, forward, image, frames, count, at, tap)
                                            : emitOperand(math, adjoint, image, frames, count, at, tap)};
        });
    auto store = makeStore(nest, values, soFar);
    auto inputs = isolate({load.get(), store.get()});
    SmallVector<Type> types = llvm::map_to_vector(values, [&](Value value) -> Type { return typeOf(value); });
    auto op = fused::ConvOp::create(builder, loc, types, packedWeight, inputs, geometry.extents, geometry.stride,
                                    geometry.low, geometry.high, geometry.dilation, spread, groups, axes,
                                    winogradAttr(builder, method.tile), method.cut, /*products=*/StringAttr());
    op.getLoad().takeBody(*load);
    op.getStore().takeBody(*store);
    annotate(op, nest);
    method.describe(op);
    soFar = op.getResult(0);
    if (tap + 1 == frames.taps())
      for (auto [value, result] : llvm::zip_equal(values, op.getResults()))
        stored[value] = result;
  }
}

static int64_t directParts(ArrayRef<int64_t> y, int64_t groups, bool isForGpu) {
  // One group may be cut into blocks of channels instead.
  int64_t least = groups == 1 ? 1 : partsOfGroups, most = groups > 1 && isForGpu ? maxPartsOnGpu : maxParts;
  return std::min(std::clamp(y[0] * y[2] * y[3] / pixelsOfPart, least, most), y[0]);
}

/// Items are parts of the batch times slices of the outputs, as many together as the most parts. Each part clears the
/// sums of all weights and transforms them back, each slice transforms all tiles of x anew: for a weight that takes
/// about as long as for an element of a tile at one point. So p * K + (most / p) * tiles has to be least. And no part
/// ends with a block that is half empty, where a larger one would not.
static int64_t winogradParts(ArrayRef<int64_t> y, int64_t tile) {
  int64_t tilesOfImage = llvm::divideCeil(y[2], tile) * llvm::divideCeil(y[3], tile), tiles = y[0] * tilesOfImage;
  int64_t images = std::max<int64_t>(1, tilesOfBlock / tilesOfImage);
  auto blocksFor = [&](int64_t parts) { return parts * llvm::divideCeil(llvm::divideCeil(y[0], parts), images); };
  int64_t parts = 1;
  while (parts < std::min(maxWinogradParts, y[0] / 2) && 2 * parts * parts * y[1] < maxWinogradParts * tiles &&
         blocksFor(2 * parts) <= blocksFor(parts))
    parts *= 2;
  return parts;
}

/// The weight gradient of one of the frames' taps: [K, C / groups, R, S].
Value NestEmitter::emitConvDw(graph::ConvDwOp op, const Frames &frames, int64_t tap) {
  Location loc = op.getLoc();
  auto whole = op.getResult().getType();
  SmallVector<int64_t> x = frames.images(op.getX().getType().getShape()),
                       y = frames.images(op.getY().getType().getShape()), shape = frames.tapsOfPlane(whole.getShape());
  int64_t count = frames.countIn(op.getY().getType().getShape());
  x[0] = y[0];
  auto loadX = makeRegion(loc, x, {}, {}, [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
    TapMath math{emitter, inside, loc};
    return SmallVector<Value>{emitOperand(math, op, op.getX(), frames, count, index, tap)};
  });
  auto loadY = makeRegion(loc, y, {}, {}, [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
    TapMath math{emitter, inside, loc};
    SmallVector<Value> at(index);
    Value frame;
    std::tie(at[0], frame) = sampleAndFrame(math, index[0], count);
    return SmallVector<Value>{emitter.emit(op.getY(), frames.indexOf(at, frame))};
  });
  auto inputs = isolate({loadX.get(), loadY.get()});
  ConvolutionPlan method = convolutions.planFor(op);
  int64_t parts = method.parts  ? std::min(method.parts, y[0])
                  : method.tile ? winogradParts(y, method.tile)
                                : directParts(y, op.getGroups(), convolutions.isForGpu());
  auto type = RankedTensorType::get(shape, whole.getElementType());
  if (parts > 1)
    shape.insert(shape.begin(), parts);
  auto partial = fused::ConvDwOp::create(builder, loc, TypeRange{RankedTensorType::get(shape, whole.getElementType())},
                                         inputs, x, y, frames.plane(op.getStride(), 1), frames.plane(op.getLow(), 0),
                                         frames.plane(op.getHigh(), 0), frames.plane(op.getDilation(), 1),
                                         op.getGroups(), winogradAttr(builder, method.tile), method.cut,
                                         /*products=*/StringAttr());
  partial.getLoadX().takeBody(*loadX);
  partial.getLoadY().takeBody(*loadY);
  annotate(partial, plan.nests()[*plan.nestOf(op.getResult())]);
  method.describe(partial);
  if (parts == 1)
    return partial.getResult(0);

  auto sum = reduce(loc, shape, {0}, {int32_t(fused::Combine::Sum)}, TypeRange{type}, {},
                    [&](PointEmitter &, OpBuilder &inside, ValueRange index) {
                      return SmallVector<Value>{
                          tensor::ExtractOp::create(inside, loc, partial.getResult(0), index).getResult()};
                    });
  sum->setAttr("convolution", builder.getStringAttr(method.name));
  annotate(sum, "conv_dw sum", "parts of the batch are added in an order that no number of threads changes");
  return sum.getResult(0);
}

void NestEmitter::emitConvDw(graph::ConvDwOp op) {
  Location loc = op.getLoc();
  Frames frames(op.getResult().getType());
  SmallVector<Value> taps;
  for (int64_t tap = 0; tap < frames.taps(); ++tap)
    taps.push_back(emitConvDw(op, frames, tap));
  int64_t rank = op.getType().getRank();
  if (rank == 4) {
    stored[op.getResult()] = taps[0];
    return;
  }
  auto type = cast<RankedTensorType>(typeOf(op.getResult()));
  Value result = map(loc, type, [&](PointEmitter &, OpBuilder &inside, ValueRange index) {
    SmallVector<Value> at(index);
    Value frame;
    if (frames.axis()) {
      frame = at[*frames.axis() + 2];
      at.erase(at.begin() + *frames.axis() + 2);
    } else {
      at.insert(at.begin() + 2, arith::ConstantIndexOp::create(inside, loc, 0));
    }
    Value element = tensor::ExtractOp::create(inside, loc, taps[0], at);
    for (size_t tap = 1; tap < taps.size(); ++tap) {
      Value number = arith::ConstantIndexOp::create(inside, loc, tap);
      Value here = arith::CmpIOp::create(inside, loc, arith::CmpIPredicate::eq, frame, number);
      Value other = tensor::ExtractOp::create(inside, loc, taps[tap], at);
      element = arith::SelectOp::create(inside, loc, here, other, element);
    }
    return SmallVector<Value>{element};
  });
  annotate(result.getDefiningOp(), "conv_dw taps", "each of the frames' taps has a weight gradient of its own");
  stored[op.getResult()] = result;
}
