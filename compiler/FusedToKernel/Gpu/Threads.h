//===- Threads.h - What templates of a GPU share ----------------*- C++ -*-===//
#pragma once

#include "FusedToKernel/KernelFunction.h"

namespace nacre::kernel {

/// Attribute of a kernel: for how many blocks a multiprocessor shall have registers; one where it is not there.
inline constexpr llvm::StringLiteral blocksAttr = "nacre.blocks";

/// The indices of element number `flat` of a box, row-major. What is left of the division by all but the outermost
/// extent is the outermost index.
llvm::SmallVector<mlir::Value> indicesOf(IndexMath math, mlir::Value flat, llvm::ArrayRef<mlir::Value> extents);

/// Emits `body` inside a loop of one turn if `lower` is below `upper`, and of none otherwise: code of a template goes
/// into loops.
void ifBelow(LoopNest &nest, mlir::Value lower, mlir::Value upper, llvm::function_ref<void()> body);

/// The same number, of which nobody knows what it is: nothing that is done with it moves to in front of this.
mlir::Value opaque(mlir::OpBuilder builder, mlir::Location loc, mlir::Value number);

} // namespace nacre::kernel
