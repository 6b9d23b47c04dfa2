//===- Templates.h - From nests to kernels ----------------------*- C++ -*-===//
//
// One template for each kind of nest. A template fills the body of a kernel and
// says how the nest is cut into items, which depends on shapes alone.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/PointProgram.h"

namespace nacre::kernel {

/// How a kernel is launched.
struct Work {
  int64_t rowsPerItem = 0; ///< Indices of the leading axis in an item; 0: `items` is fixed.
  int64_t items = 1;
  /// Pairs (input, result) that may share memory.
  llvm::SmallVector<int64_t> inPlace;

  int64_t itemsFor(int64_t leadingExtent) const { return rowsPerItem ? ceilDiv(leadingExtent, rowsPerItem) : items; }
};

Work emitMap(KernelFunction &kernel, fused::MapOp map);
Work emitReduce(KernelFunction &kernel, fused::ReduceOp reduce);
Work emitConv(KernelFunction &kernel, fused::ConvOp conv);
Work emitConvDw(KernelFunction &kernel, fused::ConvDwOp conv);
/// The same by Winograd's method.
Work emitConvWinograd(KernelFunction &kernel, fused::ConvOp conv);
Work emitConvDwWinograd(KernelFunction &kernel, fused::ConvDwOp conv);

/// Elements of an item of a nest that has no better unit, like one image.
inline constexpr int64_t elementsPerItem = 16384;

/// An extent of a `map` or `reduce`.
mlir::Value extentOf(KernelFunction &kernel, mlir::Operation *nest, int64_t axis);
/// Indices of the first kept axis in an item: `usual`, but for a reference.
mlir::Value rowsOf(KernelFunction &kernel, mlir::Operation *nest, int64_t usual);
/// Buffers of a nest's inputs, which are the arguments from `first` on.
PointInputs inputsOf(KernelFunction &kernel, mlir::Operation *nest, unsigned first = 0);
/// Buffers of a nest's results.
llvm::SmallVector<Buffer> resultsOf(KernelFunction &kernel, mlir::Operation *nest);
/// Pairs (input, result) of a `map` or `reduce`: the input is only read where that result, of the same form, is
/// written.
llvm::SmallVector<int64_t> inPlacePairs(mlir::Operation *nest);
/// Lanes that suit a nest: as many as its widest number has in a register.
unsigned lanesOf(mlir::Operation *nest, const Target &target);

/// Two vectors at a time where they divide the extent: memory is then passed in whole
/// pairs of lines, and two chains of arithmetic run side by side.
inline unsigned pairOfVectors(int64_t extent, unsigned lanes) { return extent % (2 * lanes) == 0 ? 2 * lanes : lanes; }

/// Emits `body` inside a loop from `lower` to `upper`, `width` indices at a time, and again
/// for the rest one by one. An `extent` that is known and a multiple of `width` has no rest.
void forLanes(KernelFunction &kernel, mlir::Value lower, mlir::Value upper, int64_t extent, unsigned width,
              llvm::function_ref<void(mlir::Value index, unsigned width)> body);

/// Emits `body` inside a loop over the starts of blocks of `size` that cover `extent`; the last one is moved back into
/// it, so that all are whole.
void forBlocks(LoopNest &nest, int64_t extent, int64_t size, llvm::function_ref<void(mlir::Value start)> body);

} // namespace nacre::kernel
