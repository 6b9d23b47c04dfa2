//===- Grid.h - How maps and reductions lie on a GPU ------------*- C++ -*-===//
//
// Threads that follow each other take elements that follow each other in memory, as
// many at a time as one access moves. Of a reduction, `sharers` threads add up one
// result, or one vector of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/InnerLoop.h"

namespace nacre::kernel {

/// Threads of a block, of all kernels.
inline constexpr int64_t threadsPerBlock = 256;

/// As `InnerLoop::choose`. Lanes are one where any access would not be aligned or contiguous.
InnerLoop chooseForGpu(mlir::Operation *nest, unsigned lanes);
/// Whether a program reads vectors of lanes along an index at aligned places, or what is the same in all lanes.
bool readsAligned(mlir::Region &program, mlir::Value index, int64_t lanes);
/// Blocks of a `map` or `reduce` whose inner loop has been chosen.
int64_t blocksOf(mlir::Operation *nest);
/// Whether threads read elements that are another's to work on: what has no index, the first of those whose moments are
/// summed, and, beyond the last cell, those of that where there is nothing to sum over. Nothing may be overwritten
/// then.
bool readsForOthers(mlir::Operation *nest);
/// Whether 32 bits are enough for the indices of a nest's kernel: its domain, its tensors and its numbers are small.
bool hasNarrowIndices(mlir::Operation *nest);
/// Indices in a block of a `map` with one axis: launches of neighbours can then be one (Host/MergeLaunches).
int64_t rowsPerBlock(mlir::Operation *nest);

} // namespace nacre::kernel
