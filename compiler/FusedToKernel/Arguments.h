//===- Arguments.h - Numbers that a kernel is given -------------*- C++ -*-===//
//
// Nests that differ in numbers alone share a kernel: its arguments, behind the
// places of its buffers, are these numbers. Of a `map` or `reduce` they are
//
//   - the extents of its domain,
//   - how many indices of its first kept axis an item has,
//   - the extents of its inputs, but the outermost of each and those that are an extent of the domain, too,
//   - the constants of its program, but those that the code shall know,
//
// of a convolution the leading extent, and of all of them the streams of random
// numbers. Of the inputs' extents, of the constants and of the streams equal ones are
// one argument. Here numbers are taken out of a nest, and read in the kernel.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/KernelSource.h"
#include "FusedToKernel/PointProgram.h"

namespace nacre::kernel {

/// On a constant of a source: the argument that is its value. Floating-point numbers are passed as f64.
inline constexpr llvm::StringLiteral isArgumentAttr = "nacre.argument";

/// Takes the numbers out of a nest. A `map` or `reduce` has its InnerLoop already.
void abstractNumbers(KernelSource &source);

/// An extent of a `map` or `reduce`.
mlir::Value extentOf(KernelFunction &kernel, mlir::Operation *nest, int64_t axis);
/// Indices of the first kept axis of a `map` or `reduce` in an item.
mlir::Value rowsPerItemOf(KernelFunction &kernel, mlir::Operation *nest);
/// Buffers of a nest's inputs, which are the arguments from `first` on.
PointInputs inputsOf(KernelFunction &kernel, mlir::Operation *nest, unsigned first = 0);
/// Buffers of a nest's results.
llvm::SmallVector<Buffer> resultsOf(KernelFunction &kernel, mlir::Operation *nest);

} // namespace nacre::kernel
