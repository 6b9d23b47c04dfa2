//===- ConvOperand.h - Operands of convolutions, by place -------*- C++ -*-===//
//
// An image operand as a matrix of pixels times windows: row `pixel` has the elements
// that the taps meet from there, tap by tap and channel by channel in each. Elements are
// computed by the operand's program when they are asked for; nothing of the matrix is
// in memory.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Gpu/OperandPanels.h"
#include "FusedToKernel/PointProgram.h"

namespace nacre::kernel {

/// Sizes of a convolution as a matrix product. Channels are those of a group.
struct WindowShape {
  int64_t C, H, W, K, P, Q, R, S, groups;
  int64_t stride[2], low[2], dilation[2], spread[2];
  mlir::Type element;

  explicit WindowShape(fused::ConvOp conv);
  explicit WindowShape(fused::ConvDwOp conv);
  int64_t pixels() const { return P * Q; }
  int64_t window() const { return R * S * C; }

private:
  template <typename Op> void take(Op conv);
};

/// A pixel of the outputs, of which `isThere` is false beyond the last.
struct Pixel {
  mlir::Value n, p, q, isThere;
};
/// Pixel number `number` of all images, if that is below `count`; else the first.
Pixel pixelAt(IndexMath math, const WindowShape &shape, mlir::Value number, mlir::Value count);

/// An element of a window, or the first of a vector of channels.
struct WindowPlace {
  mlir::Value r, s, c, isThere;
};
WindowPlace windowAt(IndexMath math, const WindowShape &shape, mlir::Value number);

/// The row (axis 0) or column (1) of x that a tap meets, and whether there is one.
std::pair<mlir::Value, mlir::Value> meet(IndexMath math, const WindowShape &shape, int axis, mlir::Value output,
                                         mlir::Value tap);

/// What the program of an operand yields where both meet, or zeros if they are outside of the image or not there.
/// `channel` is the first of the group.
mlir::Value fetchWindow(KernelFunction &kernel, mlir::Region &program, const PointInputs &inputs,
                        const WindowShape &shape, const Pixel &pixel, const WindowPlace &place, mlir::Value channel,
                        unsigned lanes);
/// Registers for what a program computes of the channel alone and needs with anything else, for so many channels.
int64_t registersForChannels(mlir::Region &program, int64_t channels);

/// The channel of a vector that a thread fetches again and again, each time with another pixel: what the program
/// computes of it alone is then in registers, unless it is so much that it is computed again inside the loop.
Lanes fetchedChannel(KernelFunction &kernel, mlir::Region &program, mlir::Value channel, unsigned lanes);

/// `value`, a scalar or a vector, or zeros if `isThere` is false.
mlir::Value orZero(mlir::OpBuilder builder, mlir::Location loc, mlir::Value isThere, mlir::Value value);

/// What a pixel, or an element of its window, adds to the place that is met in an image.
struct ImageOffset {
  mlir::Value element, h, w, isThere;
};
ImageOffset offsetOf(IndexMath math, const WindowShape &shape, const Buffer &image, const Pixel &pixel);
ImageOffset offsetOf(IndexMath math, const WindowShape &shape, const Buffer &image, const WindowPlace &place);
/// The element of an image that both meet, from `channel` on, which is the first of the group.
Source sourceAt(IndexMath math, const WindowShape &shape, const Buffer &image, const ImageOffset &pixel,
                const ImageOffset &window, mlir::Value channel);

/// The input that a program yields as it is, in a form that panels take: it can then be copied. Its axes are n, c, h
/// and w. `channels` are those of a group, and lanes go along them.
std::optional<Buffer> copiedInput(const Target &target, mlir::Region &program, const PointInputs &inputs,
                                  int64_t channels, mlir::Type element, bool lanesAreTerms);

/// Lanes along the channels of a program's operand: as many as an access moves, if those of a group are a multiple and
/// all accesses are aligned.
unsigned lanesOfChannels(const Target &target, mlir::Region &program, int64_t channels, mlir::Type element);

} // namespace nacre::kernel
