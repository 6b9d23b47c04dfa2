//===- Transpose.h - Squares of vectors turned round ------------*- C++ -*-===//
#pragma once

#include "FusedToKernel/LoopNest.h"

namespace nacre::kernel {

/// The columns of a square whose rows are these vectors, as many as they have lanes: a power of two.
llvm::SmallVector<mlir::Value> transpose(LoopNest &nest, llvm::ArrayRef<mlir::Value> rows);

} // namespace nacre::kernel
