//===- KernelSource.h - A nest as its kernel sees it ------------*- C++ -*-===//
//
// Before a kernel is made of a nest, everything is taken out of it that the kernel
// shall not depend on: the values of its operands, its place in the model, the
// order in which axes were written, its numbers. Two nests with the same source
// have the same kernel.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Fused/Fused.h"
#include "FusedToKernel/IndexMath.h"
#include "FusedToKernel/Target.h"
#include "mlir/IR/BuiltinOps.h"

namespace nacre::kernel {

/// How a kernel is launched.
struct Work {
  int64_t rowsPerItem = 0; ///< Indices of the leading axis in an item; 0: `items` is fixed.
  int64_t rowsOfImage = 1; ///< More than one where the leading axis and some after it are counted as one.
  int64_t items = 1;       ///< Of each number of rows, or all.
  /// Pairs (input, result) that may share memory.
  llvm::SmallVector<int64_t> inPlace;

  int64_t itemsFor(int64_t leadingExtent) const {
    return rowsPerItem ? ceilDiv(leadingExtent * rowsOfImage, rowsPerItem) * items : items;
  }
};

struct KernelSource {
  /// A module that holds one function around the nest.
  mlir::OwningOpRef<mlir::ModuleOp> holder;
  mlir::Operation *nest = nullptr;
  /// Of a `map` or `reduce`: indices of the first kept axis in an item.
  int64_t rowsPerItem = 1;
  /// What was taken out and is an argument now (Arguments.h).
  llvm::SmallVector<int64_t> numbers;
  /// Of a `map` or `reduce`; for other nests their templates say.
  std::optional<Work> work;

  /// The canonical text: equal for equal kernels.
  std::string text() const;
};

/// The target, multiplying as the nest itself says, if it does.
Target targetOf(mlir::Operation *nest, const Target &target);

/// The source of a nest. All inputs are row-major in it, in the order their axes
/// have in memory; of `map` and `reduce` the domain runs in memory order, too.
KernelSource makeSource(mlir::Operation *nest, const Target &target);

/// Whether a nest is part of a reference (Graph/Ports.h): its kernel is compiled for one launch of many, and need not
/// be fast. Sources no longer tell.
bool isReference(mlir::Operation *nest);

/// Drops axes of extent 1 from a row-major `map` or `reduce`, and merges adjacent
/// axes wherever every tensor runs through both as if they were one.
void collapseAxes(mlir::Operation *nest);

/// The extents of a nest's domain.
llvm::ArrayRef<int64_t> extentsOf(mlir::Operation *nest);
void setExtents(mlir::Operation *nest, llvm::ArrayRef<int64_t> extents);
/// The axes that a nest iterates over, as arguments of its first region.
llvm::MutableArrayRef<mlir::BlockArgument> domainArguments(mlir::Operation *nest);
/// The inputs of a `map` or `reduce`, as arguments of its region.
llvm::MutableArrayRef<mlir::BlockArgument> inputArguments(mlir::Operation *nest);

} // namespace nacre::kernel
