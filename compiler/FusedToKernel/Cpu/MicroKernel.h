//===- MicroKernel.h - The innermost loops of convolutions ------*- C++ -*-===//
#pragma once

#include "FusedToKernel/KernelFunction.h"

namespace nacre::kernel {

/// One of the nested loops of a contraction: how far it goes, and by how many
/// elements each operand moves in a turn.
struct ContractionLoop {
  int64_t extent;
  int64_t scalarStep, vectorStep;
  mlir::Value count = {}; ///< Its turns, where they are fewer at times.
};

/// Opens the loops, both operands moving along, and emits `body` in the innermost one, for their places; it returns the
/// new sums. The innermost loop is unrolled a little, others are not: the code has to stay small.
llvm::SmallVector<mlir::Value> emitContraction(
    LoopNest &nest, llvm::ArrayRef<ContractionLoop> loops, mlir::Value scalar, mlir::Value vector,
    mlir::ValueRange sums,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value scalar, mlir::Value vector, mlir::ValueRange)> body);

/// sums[t][v] += scalar[t] * vector[v], over all turns of the loops; the tile of sums
/// stays in registers. Elements of `scalar` are broadcast, those of `vector` loaded as vectors.
struct OuterProduct {
  mlir::Value scalars, vectors;             ///< Memory.
  mlir::Value scalarBase, vectorBase;       ///< Element numbers at the start.
  llvm::SmallVector<int64_t> scalarOffsets; ///< One for each row of the tile.
  unsigned numVectors, lanes;
  llvm::SmallVector<ContractionLoop> loops; ///< Outermost first.
};

/// Adds to `sums`, row by row; returns the new ones.
llvm::SmallVector<mlir::Value> emitOuterProduct(LoopNest &nest, const OuterProduct &product, mlir::ValueRange sums);

/// sums[t] += a[t] * b, vectors of both: for each row of the tile the products of two
/// vectors, lane by lane.
struct InnerProduct {
  mlir::Value a, b;
  mlir::Value aBase, bBase;
  llvm::SmallVector<int64_t> aOffsets, bOffsets; ///< Rows of the tile are all pairs, those of `a` outside.
  unsigned lanes;
  llvm::SmallVector<ContractionLoop> loops;
};
llvm::SmallVector<mlir::Value> emitInnerProduct(LoopNest &nest, const InnerProduct &product, mlir::ValueRange sums);

/// Vectors of zeros.
llvm::SmallVector<mlir::Value> zeroVectors(LoopNest &nest, mlir::Type element, unsigned lanes, size_t count);
/// A vector from memory, a scalar broadcast to one, and the way back.
mlir::Value loadVector(LoopNest &nest, mlir::Value memory, mlir::Value place, unsigned lanes);
mlir::Value broadcastElement(LoopNest &nest, mlir::Value memory, mlir::Value place, unsigned lanes);
void storeVector(LoopNest &nest, mlir::Value vector, mlir::Value memory, mlir::Value place);
mlir::Value multiplyAdd(LoopNest &nest, mlir::Value a, mlir::Value b, mlir::Value sum);

} // namespace nacre::kernel
