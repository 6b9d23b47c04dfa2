//===- WarpProduct.h - Sums as tensor cores leave them ----------*- C++ -*-===//
//
// All instructions of tensor cores leave the lanes of a warp tiles of 16 rows times 8
// columns, of which lane 4 g + t has columns 2 t and 2 t + 1 of rows g and g + 8 (PTX ISA,
// "Matrix Fragments for mma.m16n8k16" and "for wgmma.mma_async.m64nNk16").
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/TileProduct.h"

namespace nacre::kernel {

class WarpProduct : public TileProduct {
public:
  unsigned lanes() const override { return mmaColumns; }
  mlir::Value staged(mlir::Value vector) override;
  /// `sums` are pairs of columns: the upper and the lower of each tile, row by row of tiles.
  void forSums(mlir::ValueRange sums, unsigned lanes,
               llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> body) override;

protected:
  static constexpr int64_t mmaRows = 16, mmaColumns = 8;
  static constexpr int64_t lanesOfWarp = 32, lanesOfGroup = 4, warps = threadsPerBlock / lanesOfWarp;

  WarpProduct(KernelFunction &kernel, const BlockTile &tile, int64_t warpsAlongColumns);

  /// Whether a thread has no more than 32 sums.
  bool isSmall() const { return rows * columns <= 32 * threadsPerBlock; }
  std::pair<mlir::Value, mlir::Value> split(mlir::Value number, int64_t by);
  mlir::Value asNumber(mlir::Value word);
  mlir::Value toTf32(mlir::Value number);

  bool isTf32() const { return number.isF32(); }

  mlir::Type number; ///< What panels hold.
  int64_t warpRows, warpColumns, tilesAlongRows, tilesAlongColumns;
  mlir::Value lane, group, inGroup, warpRow, warpColumn;

private:
  mlir::Value wholeRow(llvm::ArrayRef<mlir::Value> pairs);
};

} // namespace nacre::kernel
