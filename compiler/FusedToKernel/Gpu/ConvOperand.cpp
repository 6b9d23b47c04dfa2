//===- ConvOperand.cpp - Operands of convolutions, by place ---------------===//

#include "FusedToKernel/Gpu/ConvOperand.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/Threads.h"
#include "FusedToKernel/Schedule.h"

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

Pixel kernel::pixelAt(IndexMath math, const WindowShape &shape, Value number, Value count) {
  Value isThere = isBelow(math, number, count);
  Value extents[] = {math.constant(0), math.constant(shape.P), math.constant(shape.Q)};
  SmallVector<Value> indices = indicesOf(math, ifThere(math, isThere, number), extents);
  return {indices[0], indices[1], indices[2], isThere};
}

WindowPlace kernel::windowAt(IndexMath math, const WindowShape &shape, Value number) {
  Value isThere = isBelow(math, number, math.constant(shape.window()));
  Value zero = math.constant(0);
  if (shape.R * shape.S == 1)
    return {zero, zero, ifThere(math, isThere, number), isThere};
  Value extents[] = {math.constant(shape.R), math.constant(shape.S), math.constant(shape.C)};
  SmallVector<Value> indices = indicesOf(math, ifThere(math, isThere, number), extents);
  return {indices[0], indices[1], indices[2], isThere};
}

Value kernel::orZero(OpBuilder builder, Location loc, Value isThere, Value value) {
  Value none = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(value.getType()));
  return arith::SelectOp::create(builder, loc, isThere, value, none);
}

/// The row or column of x that a tap meets, and whether there is one.
static std::pair<Value, Value> meet(IndexMath math, const WindowShape &shape, int axis, Value output, Value tap) {
  Value at = math.add(math.mul(output, shape.stride[axis]), math.mul(tap, shape.dilation[axis]));
  at = math.sub(at, math.constant(shape.low[axis]));
  int64_t extent = axis == 0 ? shape.H : shape.W, spread = shape.spread[axis];
  // Negative numbers are beyond any limit as unsigned ones.
  Value isInside = isBelow(math, at, math.constant((extent - 1) * spread + 1));
  if (spread == 1)
    return {at, isInside};
  Value element = math.floorDiv(at, spread), rest = math.sub(at, math.mul(element, spread));
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

unsigned kernel::lanesOfChannels(const Target &target, Region &program, int64_t channels, Type element) {
  unsigned lanes = target.lanes(element);
  return channels % lanes == 0 && readsAligned(program, program.getArgument(channelArgument), lanes) ? lanes : 1;
}
