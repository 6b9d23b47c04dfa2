//===- TileProduct.h - A product of panels, shared by threads ---*- C++ -*-===//
//
// How the threads of a block multiply panels that are in shared memory: which sums
// each of them has, and by which instructions it adds to them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/KernelFunction.h"

#include <memory>

namespace nacre::kernel {

enum class GemmSide { A, B };

class TileProduct {
public:
  static constexpr int64_t panelTerms = 16, rows = 128;

  /// Of `rows` times `columns` (32, 64 or 128): by tensor cores where the target takes them for numbers of this type,
  /// else by multiply-adds.
  static std::unique_ptr<TileProduct> make(KernelFunction &kernel, mlir::Type element, int64_t columns);
  virtual ~TileProduct() = default;

  /// Columns side by side in a vector of sums, and how many such vectors a thread has.
  virtual unsigned lanes() const = 0;
  virtual size_t vectors() const = 0;
  /// What panels hold, and an operand's vector on its way there.
  virtual mlir::Type panelElement() const { return element; }
  virtual mlir::Value staged(mlir::Value vector) { return vector; }
  /// Whether the terms of a line lie side by side in a panel; else the lines of a term.
  virtual bool hasTermsTogether() const { return false; }

  /// Reads elements of a panel that lie side by side.
  using Read = llvm::function_ref<mlir::Value(GemmSide side, mlir::Value term, mlir::Value line, unsigned lanes)>;
  /// The sums with the products of all terms of the two panels added.
  virtual llvm::SmallVector<mlir::Value> multiply(Read read, mlir::ValueRange sums) = 0;
  /// Row and first column of the sums in vector `number`.
  virtual std::pair<mlir::Value, mlir::Value> placeOf(size_t number) = 0;

protected:
  TileProduct(KernelFunction &kernel, mlir::Type element, int64_t columns)
      : kernel(kernel), nest(kernel.loops()), element(element), columns(columns) {}

  KernelFunction &kernel;
  LoopNest &nest;
  mlir::Type element;
  int64_t columns;
};

std::unique_ptr<TileProduct> makeFmaProduct(KernelFunction &kernel, mlir::Type element, int64_t columns);
std::unique_ptr<TileProduct> makeTensorCoreProduct(KernelFunction &kernel, int64_t columns);

} // namespace nacre::kernel
