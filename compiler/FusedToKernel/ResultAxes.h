//===- ResultAxes.h - Where the results of a convolution lie ----*- C++ -*-===//
#pragma once

#include "Fused/Fused.h"
#include "FusedToKernel/Lanes.h"

namespace nacre::kernel {

/// Among what results are indexed by.
inline constexpr int64_t imageAxis = 0, channelAxis = 1;

/// The index of a result's element, of that in an image.
llvm::SmallVector<Lanes> resultIndex(LoopNest &nest, fused::ConvOp conv, const Lanes &n, const Lanes &k, const Lanes &p,
                                     const Lanes &q);

/// The axis of results that has the lowest digits of what it counts: images (0), channels (1), rows or columns.
int64_t lowestAxisOf(fused::ConvOp conv, int64_t counted);
/// Whether vectors of a group's `K` channels, from a multiple of `lanes` on, differ in their lowest digit alone.
bool isLowestDigit(fused::ConvOp conv, int64_t K, unsigned lanes);

} // namespace nacre::kernel
