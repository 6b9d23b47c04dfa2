//===- BlockGemm.h - A matrix product by the threads of a block -*- C++ -*-===//
//
//   sums[row][column] = sum over terms of a[term][row] * b[term][column]
//
// Panels of both operands pass through a ring in shared memory, some terms at a time: one
// is multiplied (TileProduct.h) while the next ones are on their way (OperandPanels.h). What
// an operand is, a template says: it is asked for vectors of it by the places that they have
// in the block.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/OperandPanels.h"
#include "FusedToKernel/Gpu/Threads.h"

namespace nacre::kernel {

class BlockGemm {
public:
  /// The tile that suits a product of so many rows, of all blocks, and columns. `isCopied` if both operands are; the
  /// programs of those that are not, and the one that runs over sums, or null. Many columns only by tensor cores, whose
  /// sums take fewer registers beside their operands, and where the operands' programs are small; many rows where
  /// operands take no registers.
  static BlockTile tileFor(const Target &target, mlir::Type element, int64_t rows, int64_t columns, bool isCopied,
                           llvm::ArrayRef<mlir::Region *> loads, mlir::Region *store);

  BlockGemm(KernelFunction &kernel, mlir::Type element, const BlockTile &tile);

  /// Emits the product over `terms` terms; `store` is the program that runs over its sums, or null.
  void run(mlir::Value terms, const GemmOperand &a, const GemmOperand &b, mlir::Region *store);
  /// Emits `body` for each vector of sums that the thread has, by its row and first column in the block. If more than
  /// one lane is of use, with as many columns as can be.
  void forSums(unsigned lanes, llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value sums)> body);
  /// Columns of a vector at most.
  unsigned lanes() const { return product->lanes(); }

private:
  void fillRing(llvm::MutableArrayRef<OperandPanels> operands, int64_t panelTerms, int64_t slots);
  void waitForCopies(int64_t groups);
  void commitCopies();

  KernelFunction &kernel;
  LoopNest &nest;
  mlir::Type element;
  BlockTile tile;
  std::unique_ptr<TileProduct> product;
  llvm::SmallVector<mlir::Value> sums;
};

} // namespace nacre::kernel
