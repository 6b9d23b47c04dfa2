//===- ConvTiles.h - The sums of a direct convolution -----------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Cpu/ConvPlan.h"
#include "FusedToKernel/Cpu/MicroKernel.h"

namespace nacre::kernel {

/// Tiles of pixels times vectors of outputs, summed in registers over taps and channels of staged rows.
class ConvTiles {
public:
  /// `weights` lie in panels of a tile's outputs.
  ConvTiles(LoopNest &nest, const ConvPlan &plan, const StagedImage &image, const Buffer &sums)
      : nest(nest), plan(plan), shape(plan.shape), image(image), sums(sums) {}

  void setWeights(mlir::Value memory) { weights = memory; }

  /// Loops over the tiles of the grid.
  void forEach(PixelTile tile, llvm::function_ref<void(mlir::Value row, mlir::Value column)> body);

  /// Place of the first tap of an output pixel in the staged rows, and of its first sum.
  mlir::Value windowAt(mlir::Value row, mlir::Value column);
  mlir::Value sumAt(mlir::Value row, mlir::Value column);

  /// The sums of a tile of blocks of outputs go to memory, or are added to what is there: the window of the first one,
  /// its weight, the place of its first sum.
  void emit(PixelTile tile, mlir::Value window, mlir::Value weight, mlir::Value first, bool addsUp);

  /// The sums of a tile, output after output of its blocks: `body` takes one of each block, in the row and column of it
  /// that are given. Those without taps come first, so that they can be written while others are computed.
  void forPhases(PixelTile tile, mlir::Value window, mlir::Value weight,
                 llvm::function_ref<void(int64_t row, int64_t column, bool hasTaps, mlir::ValueRange values)> body);

  /// Few output channels: the lanes are input channels, summed up at the end. All pixels of the grid, from the staged
  /// row `top` on.
  void emitDots(mlir::Value top, mlir::Value weight);

private:
  llvm::SmallVector<ContractionLoop> contraction(const Phase &row, const Phase &column) const;
  llvm::SmallVector<ContractionLoop> contractionOfVectors() const;
  llvm::SmallVector<int64_t> pixelOffsets(PixelTile tile) const;
  void emitPhase(PixelTile tile, const Phase &row, const Phase &column, mlir::Value window, mlir::Value weight,
                 mlir::Value first, bool addsUp);
  llvm::SmallVector<mlir::Value> sumsOf(PixelTile tile, const Phase &row, const Phase &column, mlir::Value window,
                                        mlir::Value weight, llvm::SmallVector<mlir::Value> values);
  void storeDots(PixelTile tile, mlir::Value first, mlir::ValueRange values);

  LoopNest &nest;
  const ConvPlan &plan;
  const ConvShape &shape;
  const StagedImage &image;
  const Buffer &sums;
  mlir::Value weights;
};

} // namespace nacre::kernel
