//===- Pieces.h - An axis in pieces, each with its own program --*- C++ -*-===//
//
//   (n, c)  select (12 <= c) y[n, clamp (c - 12)] else x[n, clamp c]
//   (n, c)  pieces c at (12)  x[n, c],  y[n, c - 12]
//
// Where a nest reads a concatenation or a pad along the axis of its lanes, each lane
// would choose between all parts and gather from each. So the axis is cut where the
// choice changes, and the kernel has a loop for each piece.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/PointProgram.h"

namespace nacre::kernel {

/// Whether a nest is large enough, whatever the batch. To be asked before its axes are merged.
bool isWorthPieces(mlir::Operation *nest);
/// Cuts the programs of a source along the axis of their lanes: the innermost one of a `map` or `reduce`, the channels
/// of a convolution.
void cutIntoPieces(mlir::Operation *nest);

/// The pieces of a program; null where it has none.
fused::PiecesOp piecesOf(mlir::Region &program);
/// The program of a piece, or all of it where there are none.
mlir::Block &programOf(mlir::Region &program, unsigned piece);
/// How long the pieces of an axis of this length are, while they are constants; the axis itself where it is not cut.
llvm::SmallVector<int64_t> lengthsOf(mlir::Region &program, mlir::BlockArgument axis, int64_t length);

/// Emits `body` for each piece of an axis, or once where it has none: from `lower` to `upper`, which are the whole of it
/// if `isWhole`. Places on the axis are counted from `origin`.
void forPieces(KernelFunction &kernel, mlir::Region &program, const PointInputs &inputs, mlir::BlockArgument axis,
               mlir::Value origin, mlir::Value lower, mlir::Value upper, bool isWhole,
               llvm::function_ref<void(unsigned piece, mlir::Value lower, mlir::Value upper)> body);
/// The same along the channels of a convolution's program, in vectors and what they leave, or one by one if `lanes` is 1.
void forChannels(KernelFunction &kernel, mlir::Region &program, const PointInputs &inputs, mlir::Value origin,
                 int64_t channels, unsigned lanes,
                 llvm::function_ref<void(unsigned piece, mlir::Value channel, Width width)> body);

} // namespace nacre::kernel
