//===- ConvolutionName.h - What schedules call a convolution ----*- C++ -*-===//
#pragma once

#include "mlir/IR/Operation.h"

#include <string>

namespace nacre {

/// Of a convolution, its input gradient or its weight gradient, what its speed depends on:
///
///     forward f32 32x64x16x16 to 128x8x8 by 3x3 stride 2x2
///
/// the direction (forward, input, weight), the elements, images and channels and pixels of the input, channels and
/// pixels of the output, taps; strides, dilation and groups where there are any. All three directions have the sizes
/// of the convolution itself. Of three spatial axes it is that of a frame.
std::string convolutionName(mlir::Operation *conv);

} // namespace nacre
