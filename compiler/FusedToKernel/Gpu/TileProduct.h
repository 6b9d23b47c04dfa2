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

/// Sums of a block: 128 or, by `mma.sync`, 256 rows; 32, 64 or 128 columns, but not 256 times 128.
struct BlockTile {
  int64_t rows, columns;
};

class TileProduct {
public:
  /// By tensor cores where the target takes them for numbers of this type, for whole warpgroups if it can, else by
  /// multiply-adds.
  static std::unique_ptr<TileProduct> make(KernelFunction &kernel, mlir::Type element, const BlockTile &tile);
  static bool hasTensorCores(const Target &target, mlir::Type element);
  /// Whether instructions of a warpgroup read panels of such numbers themselves.
  static bool hasWarpgroups(const Target &target, mlir::Type element);
  /// What panels hold of numbers of this type.
  static mlir::Type panelElement(const Target &target, mlir::Type element);
  /// Whether panels have side by side what vectors have, be it terms or lines.
  static bool keepsVectors(const Target &target, mlir::Type element, bool lanesAreTerms);
  virtual ~TileProduct() = default;

  /// The sums in front of all panels, in the form in which they are carried from one to the next.
  virtual llvm::SmallVector<mlir::Value> zeros() = 0;
  /// The most columns side by side that a thread can have in the end.
  virtual unsigned lanes() const = 0;

  /// Terms of a panel, where none of it passes through registers, and where some does.
  virtual int64_t panelTerms(bool isCopied) const = 0;
  /// Bytes of shared memory for panels, at most.
  virtual int64_t ringBytes() const { return 80 << 10; }
  /// Whether half of a multiprocessor's registers are enough for a block.
  virtual bool fitsTwice(bool isCopied) const = 0;
  /// How an operand lies in its panels, of which a vector has terms side by side, or lines.
  virtual PanelForm formOf(GemmSide side, bool lanesAreTerms) const = 0;
  /// An operand's vector on its way there; those that are copied come as they are in memory.
  virtual mlir::Value staged(mlir::Value vector) { return vector; }
  /// Emitted in front of the barrier behind which other threads multiply what this one has written.
  virtual void publish() {}
  /// The sums with the products of all terms of two panels added. `meanwhile` emits what need not wait for them.
  virtual llvm::SmallVector<mlir::Value> multiply(const CompletePanel &a, const CompletePanel &b, mlir::ValueRange sums,
                                                  llvm::function_ref<void()> meanwhile) = 0;
  /// The sums behind all panels, as vectors of columns side by side.
  virtual llvm::SmallVector<mlir::Value> complete(mlir::ValueRange sums) {
    return llvm::SmallVector<mlir::Value>(sums);
  }
  /// Emits `body` for each vector of sums, with its row and first column: of `lanes()` columns if more are asked for
  /// than there are side by side.
  virtual void forSums(mlir::ValueRange sums, unsigned lanes,
                       llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value sums)> body) = 0;

protected:
  TileProduct(KernelFunction &kernel, mlir::Type element, const BlockTile &tile)
      : kernel(kernel), nest(kernel.loops()), element(element), rows(tile.rows), columns(tile.columns) {}

  llvm::SmallVector<mlir::Value> zeroVectors(size_t count, int64_t lanes);

  KernelFunction &kernel;
  LoopNest &nest;
  mlir::Type element;
  int64_t rows, columns;
};

std::unique_ptr<TileProduct> makeFmaProduct(KernelFunction &kernel, mlir::Type element, const BlockTile &tile);
std::unique_ptr<TileProduct> makeTensorCoreProduct(KernelFunction &kernel, const BlockTile &tile);
std::unique_ptr<TileProduct> makeWarpgroupProduct(KernelFunction &kernel, const BlockTile &tile);

} // namespace nacre::kernel
