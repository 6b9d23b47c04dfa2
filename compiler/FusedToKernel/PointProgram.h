//===- PointProgram.h - A point program inside a kernel's loops -*- C++ -*-===//
#pragma once

#include "FusedToKernel/KernelSource.h"
#include "FusedToKernel/Lanes.h"

namespace nacre::kernel {

/// What the point programs of a nest read: its inputs, and the numbers that were taken
/// out of it (Arguments.h).
struct PointInputs {
  llvm::SmallVector<Buffer> buffers;
  unsigned firstExtent = 0; ///< The argument that is the first of them: the leading extent.
};

/// Emits the program of a region for all lanes at once, each operation in the
/// outermost loop where it can be; returns what it yields. `arguments` are the
/// region's arguments before the inputs. Of a region in pieces (Pieces.h) it is the
/// program of one. Where the innermost loop runs through rows, not along them, `row` is the
/// argument that is its index: processors do not guess such steps, so that the rows to come are
/// fetched in time.
llvm::SmallVector<Lanes> emitProgram(KernelFunction &kernel, LaneMath &lanes, mlir::Region &region,
                                     const PointInputs &inputs, llvm::ArrayRef<Lanes> arguments, unsigned piece,
                                     std::optional<unsigned> row = {});

/// The uniform number of `random`, whose operands are a position and perhaps the time, by Philox4x32-10.
Lanes emitRandom(KernelFunction &kernel, LaneMath &lanes, graph::PointRandomOp random, mlir::Value stream,
                 llvm::ArrayRef<Lanes> operands);

} // namespace nacre::kernel
