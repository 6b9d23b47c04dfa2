//===- Templates.h - What all templates share -------------------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Arguments.h"
#include "FusedToKernel/InnerLoop.h"

namespace nacre::kernel {

/// Says of a kernel that does the same at every index of its one extent, whatever the index is, which inputs are read
/// without the index (`nacre.uniform`): launches of it on neighbouring buffers can then be one.
void declareMergeable(KernelFunction &kernel, fused::MapOp map);

/// Elements of an item of a nest that has no better unit, like one image.
inline constexpr int64_t elementsPerItem = 16384;

/// Lanes that suit a nest: as many as its widest number has in a register.
unsigned lanesOf(mlir::Operation *nest, const Target &target);

/// Two vectors at a time where they divide all extents: memory is then passed in whole
/// pairs of lines, and two chains of arithmetic run side by side.
inline unsigned pairOfVectors(llvm::ArrayRef<int64_t> extents, unsigned lanes) {
  return llvm::all_of(extents, [&](int64_t extent) { return extent % (2 * lanes) == 0; }) ? 2 * lanes : lanes;
}

/// Emits `body` inside a loop from `lower` to `upper`, `lanes` indices at a time, and again for the fewer that are
/// left, whichever of them there may be.
void forVectors(KernelFunction &kernel, mlir::Value lower, mlir::Value upper, unsigned lanes, Run run,
                llvm::function_ref<void(mlir::Value index, Width width)> body);
/// The same for an `extent` that may be known, with a rest one by one. A multiple of `width` has no rest.
void forLanes(KernelFunction &kernel, mlir::Value lower, mlir::Value upper, int64_t extent, unsigned width,
              llvm::function_ref<void(mlir::Value index, unsigned width)> body);

/// Emits `body` inside a loop over the starts of blocks of `size` that cover `extent`; the last one is moved back into
/// it, so that all are whole.
void forBlocks(LoopNest &nest, int64_t extent, int64_t size, llvm::function_ref<void(mlir::Value start)> body);
/// The same for parts of up to `size` that do not overlap: the last one may be smaller, and has its own body.
void forParts(LoopNest &nest, int64_t extent, int64_t size,
              llvm::function_ref<void(mlir::Value start, int64_t count)> body);

} // namespace nacre::kernel
