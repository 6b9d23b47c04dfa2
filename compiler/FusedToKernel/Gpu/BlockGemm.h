//===- BlockGemm.h - A matrix product by the threads of a block -*- C++ -*-===//
//
//   sums[row][column] = sum over terms of a[term][row] * b[term][column]
//
// Panels of both operands are staged in shared memory, a few terms at a time, and
// the next ones are fetched while these are multiplied (TileProduct.h). What an
// operand is, a template says: it is asked for vectors of it by the places that they
// have in the block.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/Threads.h"
#include "FusedToKernel/Gpu/TileProduct.h"

#include <functional>

namespace nacre::kernel {

/// Fetches a vector whose place is known, for the panel of the terms from `firstTerm` on. Zeros stand for what is not
/// there.
using Fetch = std::function<mlir::Value(mlir::Value firstTerm)>;

struct GemmOperand {
  bool lanesAreTerms; ///< Else rows, or columns.
  unsigned lanes;
  /// Called once for each vector that a thread stages, in front of all loops: its place in the panel.
  std::function<Fetch(mlir::Value term, mlir::Value line)> place;
};

class BlockGemm {
public:
  static constexpr int64_t threads = threadsPerBlock, rows = TileProduct::rows;

  /// `columns` of a block that suit a product with so many: 32, 64 or 128. The most only by tensor cores, whose sums
  /// take fewer registers beside their operands, and where the programs of operands are small.
  static int64_t columnsFor(const Target &target, int64_t columns, llvm::ArrayRef<mlir::Region *> operands);

  BlockGemm(KernelFunction &kernel, mlir::Type element, int64_t columns);

  /// Emits the product over `terms` terms.
  void run(mlir::Value terms, const GemmOperand &a, const GemmOperand &b);
  /// Emits `body` for each vector of sums that the thread has, by its row and first column in the block.
  void forSums(llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value sums)> body);
  /// Columns of such a vector.
  unsigned lanes() const { return product->lanes(); }

private:
  /// What a thread stages of an operand: fetches, and the places of their vectors in the panel.
  struct Panel {
    Buffer memory; ///< Two panels [term][line], in turn.
    int64_t lines, vectors;
    unsigned lanes;
    bool lanesAreTerms;
    llvm::SmallVector<Fetch> fetches;
    llvm::SmallVector<std::pair<mlir::Value, mlir::Value>> places;
    llvm::SmallVector<mlir::Value> numbers; ///< Of the vectors, in the panel.
  };
  Panel makePanel(const GemmOperand &operand, int64_t lines);
  llvm::SmallVector<mlir::Value> fetch(const Panel &panel, mlir::Value firstTerm);
  void stage(const Panel &panel, mlir::ValueRange vectors, mlir::Value turn);
  mlir::Value read(const Panel &panel, mlir::Value turn, mlir::Value term, mlir::Value line, unsigned lanes);

  KernelFunction &kernel;
  LoopNest &nest;
  mlir::Type element;
  int64_t columns;
  std::unique_ptr<TileProduct> product;
  llvm::SmallVector<mlir::Value> sums;
};

} // namespace nacre::kernel
