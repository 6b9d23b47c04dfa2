//===- OperandPanels.h - How an operand gets into its panels ----*- C++ -*-===//
//
// What lies in memory as a panel has it is copied there, by instructions that do not wait
// (cp.async). All else is fetched into registers, computed and then stored.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Gpu/TileProduct.h"

#include <functional>

namespace nacre::kernel {

/// Vectors of an operand whose place in the panel is known, for the panel of the terms from `firstTerm` on, which is a
/// multiple of the panel's. Zeros stand for what is not there.
using Fetch = std::function<mlir::Value(mlir::Value firstTerm)>;
/// Such a vector in memory: the first of its elements, and whether it is there at all.
struct Source {
  Buffer memory;
  mlir::Value element, isThere;
};
using Locate = std::function<Source(mlir::Value firstTerm)>;

struct GemmOperand {
  bool lanesAreTerms; ///< Else rows, or columns.
  unsigned lanes;
  /// Called once for each vector that a thread stages, in front of all loops: its place in the panel.
  std::function<Fetch(mlir::Value term, mlir::Value line)> fetch = {};
  /// Instead, where vectors are chunks of a panel as they are.
  std::function<Locate(mlir::Value term, mlir::Value line)> locate = {};

  bool isCopied() const { return bool(locate); }
};

class OperandPanels {
public:
  /// Of `lines` lines, `slots` panels in turn.
  OperandPanels(KernelFunction &kernel, TileProduct &product, GemmSide side, const GemmOperand &operand, int64_t terms,
                int64_t lines, int64_t slots);

  bool isCopied() const { return !locates.empty(); }
  const SharedPanel &panel() const { return shared; }

  /// Begins the copies of a panel, if it is copied.
  void copy(mlir::Value firstTerm, mlir::Value slot);
  /// Else: what the thread stages of a panel, on its way there.
  llvm::SmallVector<mlir::Value> fetch(mlir::Value firstTerm);
  void store(mlir::ValueRange vectors, mlir::Value slot);

private:
  void placeVectors(const GemmOperand &operand, int64_t terms, int64_t lines);
  void storeVector(mlir::Value vector, size_t number, mlir::Value slot);

  KernelFunction &kernel;
  LoopNest &nest;
  TileProduct &product;
  SharedPanel shared;
  unsigned lanes;
  bool lanesAreTerms;
  int64_t vectors; ///< Of all threads.
  llvm::SmallVector<Fetch> fetches;
  llvm::SmallVector<Locate> locates;
  /// Of each vector of the thread: its number, its place, and its term and line.
  llvm::SmallVector<mlir::Value> numbers, places, terms, lines;
};

} // namespace nacre::kernel
