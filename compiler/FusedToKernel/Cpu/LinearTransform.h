//===- LinearTransform.h - Small constant matrices on vectors ---*- C++ -*-===//
#pragma once

#include "Fused/WinogradMatrices.h"
#include "FusedToKernel/LoopNest.h"

namespace nacre::kernel {

using fused::Matrix, fused::WinogradMatrices, fused::transposed, fused::winogradMatrices;

/// matrix * values, each a scalar or vector in registers. Rows or columns that are equal up to signs share their sums.
llvm::SmallVector<mlir::Value> emitTransform(LoopNest &nest, const Matrix &matrix, mlir::ValueRange values);

/// matrix * values * matrix^T, of a square of values, row by row.
llvm::SmallVector<mlir::Value> emitTransform2D(LoopNest &nest, const Matrix &matrix, mlir::ValueRange values);

} // namespace nacre::kernel
