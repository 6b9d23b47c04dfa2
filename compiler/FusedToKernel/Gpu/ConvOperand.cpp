//===- ConvOperand.cpp - Operands of convolutions, by place ---------------===//

#include "FusedToKernel/Gpu/ConvOperand.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/Threads.h"
#include "FusedToKernel/Schedule.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Arguments of an operand's program: n, c, h, w.
static constexpr unsigned channelArgument = 1;

template <typename Op> void WindowShape::take(Op conv) {
  ConvShape shape = shapeOf(conv);
  groups = shape.groups;
  C = shape.C;
  H = conv.getExtents()[2];
  W = conv.getExtents()[3];
  K = shape.K;
  R = shape.R;
  S = shape.S;
  element = shape.element;
  for (int axis : {0, 1}) {
    stride[axis] = conv.getStride()[axis];
    low[axis] = conv.getLow()[axis];
    dilation[axis] = conv.getDilation()[axis];
    spread[axis] = 1;
  }
}

WindowShape::WindowShape(fused::ConvOp conv) {
  take(conv);
  ConvShape shape = shapeOf(conv);
  P = shape.outputs[0];
  Q = shape.outputs[1];
  for (int axis : {0, 1})
    spread[axis] = shape.spread[axis];
}

WindowShape::WindowShape(fused::ConvDwOp conv) {
  take(conv);
  P = conv.getResultExtents()[2];
  Q = conv.getResultExtents()[3];
}

static Value isBelow(IndexMath math, Value value, Value limit) {
  return arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ult, value, limit);
}

static Value both(IndexMath math, Value a, Value b) { return math.builder.createOrFold<arith::AndIOp>(math.loc, a, b); }

/// `value`, or 0 if it is not there.
static Value ifThere(IndexMath math, Value isThere, Value value) {
  return math.builder.createOrFold<arith::SelectOp>(math.loc, isThere, value, math.constant(0));
}

/// The indices of number `flat` of a box, whose outermost extent is not needed. In 32 bits, which divide faster
/// than 64.
static SmallVector<Value> digitsOf(IndexMath math, Value flat, ArrayRef<int64_t> extents) {
  OpBuilder &builder = math.builder;
  Type narrow = builder.getI32Type();
  auto wide = [&](Value value) {
    return arith::IndexCastUIOp::create(builder, math.loc, builder.getIndexType(), value).getResult();
  };
  Value rest = builder.createOrFold<arith::IndexCastUIOp>(math.loc, narrow, flat);
  SmallVector<Value> digits(extents.size(), math.constant(0));
  for (size_t axis = extents.size() - 1; axis > 0; --axis) {
    if (extents[axis] == 1)
      continue;
    Value extent = arith::ConstantIntOp::create(builder, math.loc, narrow, extents[axis]);
    digits[axis] = wide(arith::RemUIOp::create(builder, math.loc, rest, extent));
    rest = arith::DivUIOp::create(builder, math.loc, rest, extent);
  }
  digits[0] = wide(rest);
  return digits;
}

Pixel kernel::pixelAt(IndexMath math, const WindowShape &shape, Value number, Value count) {
  Value isThere = isBelow(math, number, count);
  SmallVector<Value> digits = digitsOf(math, ifThere(math, isThere, number), {0, shape.P, shape.Q});
  return {digits[0], digits[1], digits[2], isThere};
}

WindowPlace kernel::windowAt(IndexMath math, const WindowShape &shape, Value number) {
  Value isThere = isBelow(math, number, math.constant(shape.window()));
  Value zero = math.constant(0);
  if (shape.R * shape.S == 1)
    return {zero, zero, ifThere(math, isThere, number), isThere};
  SmallVector<Value> digits = digitsOf(math, ifThere(math, isThere, number), {shape.R, shape.S, shape.C});
  return {digits[0], digits[1], digits[2], isThere};
}

Value kernel::orZero(OpBuilder builder, Location loc, Value isThere, Value value) {
  Value none = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(value.getType()));
  return arith::SelectOp::create(builder, loc, isThere, value, none);
}

std::pair<Value, Value> kernel::meet(IndexMath math, const WindowShape &shape, int axis, Value output, Value tap) {
  Value at = math.add(math.mul(output, shape.stride[axis]), math.mul(tap, shape.dilation[axis]));
  at = math.sub(at, math.constant(shape.low[axis]));
  int64_t extent = axis == 0 ? shape.H : shape.W, spread = shape.spread[axis];
  // Negative numbers are beyond any limit as unsigned ones.
  Value isInside = isBelow(math, at, math.constant((extent - 1) * spread + 1));
  if (spread == 1)
    return {at, isInside};
  Value inside = ifThere(math, isInside, at), element = math.floorDiv(inside, spread);
  Value rest = math.sub(inside, math.mul(element, spread));
  return {element, both(math, isInside, isBelow(math, rest, math.constant(1)))};
}

Value kernel::fetchWindow(KernelFunction &kernel, Region &program, const PointInputs &inputs, const WindowShape &shape,
                          const Pixel &pixel, const WindowPlace &place, Value channel, unsigned lanes) {
  LoopNest &nest = kernel.loops();
  unsigned level = nest.depth();
  IndexMath math = nest.math();
  auto [h, isRow] = meet(math, shape, 0, pixel.p, place.r);
  auto [w, isColumn] = meet(math, shape, 1, pixel.q, place.s);
  Value isThere = both(math, both(math, pixel.isThere, place.isThere), both(math, isRow, isColumn));
  LaneMath laneMath(kernel, lanes);
  SmallVector<Lanes> at = {Lanes{pixel.n, level}, Lanes{math.add(channel, place.c), level, lanes > 1},
                           Lanes{ifThere(math, isThere, h), level}, Lanes{ifThere(math, isThere, w), level}};
  Lanes value = emitProgram(kernel, laneMath, program, inputs, at, /*piece=*/0)[0];
  return orZero(nest.here(), nest.getLoc(), isThere, laneMath.whole(value));
}

int64_t kernel::registersForChannels(Region &program, int64_t channels) {
  DenseSet<Value> ofChannel = {program.getArgument(channelArgument)};
  auto isKnown = [&](Value operand) {
    return ofChannel.contains(operand) || isa<ShapedType>(operand.getType()) || matchPattern(operand, m_Constant());
  };
  for (Operation &op : program.front())
    if (llvm::all_of(op.getOperands(), isKnown) && !matchPattern(&op, m_Constant()))
      ofChannel.insert(op.result_begin(), op.result_end());
  return channels * llvm::count_if(ofChannel, [&](Value value) {
           return !value.getType().isIndex() && llvm::any_of(value.getUsers(), [&](Operation *user) {
             return user->getNumResults() == 0 || !ofChannel.contains(user->getResult(0));
           });
         });
}

/// The same number, of which nobody knows that it is the same in all turns of a loop.
static Value unknown(OpBuilder builder, Location loc, Value index) {
  Value number = arith::IndexCastOp::create(builder, loc, builder.getI32Type(), index);
  return arith::IndexCastOp::create(builder, loc, index.getType(), opaque(builder, loc, number));
}

Lanes kernel::fetchedChannel(KernelFunction &kernel, Region &program, Value channel, unsigned lanes) {
  constexpr int64_t mostRegisters = 96;
  LoopNest &nest = kernel.loops();
  if (registersForChannels(program, lanes) <= mostRegisters)
    return {channel, 0, lanes > 1};
  return {unknown(nest.here(), nest.getLoc(), channel), nest.depth(), lanes > 1};
}

unsigned kernel::lanesOfChannels(const Target &target, Region &program, int64_t channels, Type element) {
  Value channel = program.getArgument(channelArgument);
  // As many as one access has of the narrowest numbers.
  Type narrowest = element;
  program.walk([&](tensor::ExtractOp extract) {
    Type read = extract.getType();
    if (isa<FloatType>(read) && read.getIntOrFloatBitWidth() < narrowest.getIntOrFloatBitWidth() &&
        llvm::is_contained(extract.getIndices(), channel))
      narrowest = read;
  });
  // Assemblers load all that a program reads before they compute anything.
  constexpr int64_t mostLoaded = 128;
  int64_t loads = llvm::range_size(program.front().getOps<tensor::ExtractOp>());
  for (unsigned lanes : {target.lanes(narrowest), target.lanes(element), 2u})
    if (loads * lanes <= mostLoaded && channels % lanes == 0 && readsAligned(program, channel, lanes))
      return lanes;
  return 1;
}

//===----------------------------------------------------------------------===//
// Places in memory
//===----------------------------------------------------------------------===//

static ImageOffset offset(IndexMath math, const Buffer &image, Value first, Value h, Value w, Value isThere) {
  Value element = math.add(first, math.add(math.mul(h, image.strides[2]), math.mul(w, image.strides[3])));
  return {element, h, w, isThere};
}

ImageOffset kernel::offsetOf(IndexMath math, const WindowShape &shape, const Buffer &image, const Pixel &pixel) {
  auto corner = [&](int axis, Value output) {
    return math.sub(math.mul(output, shape.stride[axis]), math.constant(shape.low[axis]));
  };
  Value first = math.mul(pixel.n, image.strides[0]);
  return offset(math, image, first, corner(0, pixel.p), corner(1, pixel.q), pixel.isThere);
}

ImageOffset kernel::offsetOf(IndexMath math, const WindowShape &shape, const Buffer &image, const WindowPlace &place) {
  return offset(math, image, place.c, math.mul(place.r, shape.dilation[0]), math.mul(place.s, shape.dilation[1]),
                place.isThere);
}

Source kernel::sourceAt(IndexMath math, const WindowShape &shape, const Buffer &image, const ImageOffset &pixel,
                        const ImageOffset &window, Value channel) {
  auto isInside = [&](Value a, Value b, int64_t extent) {
    // Negative numbers are beyond any limit as unsigned ones.
    Type narrow = math.builder.getI32Type();
    Value at = math.builder.createOrFold<arith::IndexCastOp>(math.loc, narrow, math.add(a, b));
    return isBelow(math, at, arith::ConstantIntOp::create(math.builder, math.loc, narrow, extent));
  };
  Value isThere = both(math, pixel.isThere, window.isThere);
  bool isAlwaysInside = shape.R * shape.S == 1 && shape.low[0] == 0 && shape.low[1] == 0 &&
                        (shape.P - 1) * shape.stride[0] < shape.H && (shape.Q - 1) * shape.stride[1] < shape.W;
  if (!isAlwaysInside)
    isThere =
        both(math, isThere, both(math, isInside(pixel.h, window.h, shape.H), isInside(pixel.w, window.w, shape.W)));
  return {image, math.add(math.add(pixel.element, channel), window.element), isThere};
}

std::optional<Buffer> kernel::copiedInput(const Target &target, Region &program, const PointInputs &inputs,
                                          int64_t channels, Type element, bool lanesAreTerms) {
  Type number = TileProduct::panelElement(target, element);
  unsigned lanes = target.lanes(number);
  Value yielded = program.front().getTerminator()->getOperand(0);
  if (auto widened = yielded.getDefiningOp<arith::ExtFOp>())
    yielded = widened.getIn();
  auto extract = yielded.getDefiningOp<tensor::ExtractOp>();
  auto input = extract ? dyn_cast<BlockArgument>(extract.getTensor()) : BlockArgument();
  constexpr unsigned axes = 4;
  if (!input || input.getOwner() != &program.front() || extract.getType() != number || channels % lanes != 0 ||
      !TileProduct::keepsVectors(target, element, lanesAreTerms) ||
      !readsAligned(program, program.getArgument(channelArgument), lanes))
    return std::nullopt;
  Buffer buffer = inputs.buffers[input.getArgNumber() - axes], image{buffer.memref, buffer.element, {0, 0, 0, 0}};
  for (auto [at, stride] : llvm::zip_equal(extract.getIndices(), buffer.strides)) {
    auto index = dyn_cast<BlockArgument>(at);
    if (!index && IndexMath::isConstant(at, 0))
      continue;
    if (!index || index.getOwner() != &program.front() || ShapedType::isDynamic(stride))
      return std::nullopt;
    image.strides[index.getArgNumber()] += stride;
  }
  return image.strides[channelArgument] == 1 ? std::optional(image) : std::nullopt;
}
