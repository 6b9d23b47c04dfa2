//===- TileProduct.h - A product of panels, shared by threads ---*- C++ -*-===//
//
// How the threads of a block multiply panels that are in shared memory: which sums
// each of them has, and by which instructions it adds to them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Gpu/SharedPanel.h"

#include <memory>

namespace nacre::kernel {

enum class GemmSide { A, B };

/// Sums of a block: 128 or, by tensor cores, 256 rows; 32, 64 or 128 columns, but not 256 times 128.
struct BlockTile {
  int64_t rows, columns;
};

class TileProduct {
public:
  /// By tensor cores where the target takes them for numbers of this type, else by multiply-adds.
  static std::unique_ptr<TileProduct> make(KernelFunction &kernel, mlir::Type element, const BlockTile &tile);
  static bool hasTensorCores(const Target &target, mlir::Type element);
  /// What panels hold of numbers of this type.
  static mlir::Type panelElement(const Target &target, mlir::Type element);
  /// Whether panels have side by side what vectors have, be it terms or lines.
  static bool keepsVectors(const Target &target, mlir::Type element, bool lanesAreTerms);
  virtual ~TileProduct() = default;

  /// Columns side by side in a vector of sums, and how many such vectors a thread has.
  virtual unsigned carriedLanes() const = 0;
  virtual size_t vectors() const = 0;
  /// The most columns side by side that a thread can have in the end.
  virtual unsigned lanes() const = 0;

  /// Terms of a panel, where none of it passes through registers, and where some does.
  virtual int64_t panelTerms(bool isCopied) const = 0;
  /// Whether half of a multiprocessor's registers are enough for a block.
  virtual bool fitsTwice() const = 0;
  /// How an operand lies in its panels, of which a vector has terms side by side, or lines.
  virtual PanelForm formOf(GemmSide side, bool lanesAreTerms) const = 0;
  /// An operand's vector on its way there; those that are copied come as they are in memory.
  virtual mlir::Value staged(mlir::Value vector) { return vector; }
  /// The sums with the products of all terms of two panels added.
  virtual llvm::SmallVector<mlir::Value> multiply(const CompletePanel &a, const CompletePanel &b,
                                                  mlir::ValueRange sums) = 0;
  /// Emits `body` for each vector of sums, with its row and first column: of `lanes()` columns if more than the carried
  /// ones are asked for.
  virtual void forSums(mlir::ValueRange sums, unsigned lanes,
                       llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value sums)> body) = 0;

protected:
  TileProduct(KernelFunction &kernel, mlir::Type element, const BlockTile &tile)
      : kernel(kernel), nest(kernel.loops()), element(element), rows(tile.rows), columns(tile.columns) {}

  KernelFunction &kernel;
  LoopNest &nest;
  mlir::Type element;
  int64_t rows, columns;
};

std::unique_ptr<TileProduct> makeFmaProduct(KernelFunction &kernel, mlir::Type element, const BlockTile &tile);
std::unique_ptr<TileProduct> makeTensorCoreProduct(KernelFunction &kernel, const BlockTile &tile);

} // namespace nacre::kernel
