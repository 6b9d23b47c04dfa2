//===- Choice.h - One load where a program chooses among some ---*- C++ -*-===//
//
//   (n, c)  select (12 <= c) y[n, clamp (c - 12)] else x[n, clamp c]
//
// That is how a concatenation is read. Where its axis is not cut into pieces (Pieces.h),
// as on a GPU, the place is chosen and not the value: which buffer, how long its rows
// are, where it begins. However many parts there are, there is one address and one load.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Lanes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace nacre::kernel {

/// A value that is an element of one of several tensors. Which, an index of the program says; the other indices are the
/// same in all.
struct Choice {
  struct Part {
    mlir::tensor::ExtractOp read;
    int64_t from;     ///< Its first index; the first part has none.
    int64_t distance; ///< From the index to that of the tensor.
  };
  mlir::BlockArgument index;
  unsigned axis; ///< Of the tensors: the one that `index` is on.
  llvm::SmallVector<Part> parts;
  mlir::Operation *conversion = nullptr; ///< Of the element to a wider type, if there is one.

  /// Whether `lanes` indices, the first of them a multiple, are in the same part and aligned there.
  bool isAligned(int64_t lanes) const;
};

/// The choice that a value of a convolution's program is, if it is one.
std::optional<Choice> choiceOf(mlir::Value value);

/// Loads what was chosen, and converts it, from the buffers of the parts; `indices` are those of all tensors but for
/// the choice's own index, which stands at its axis. Null if these are not scalars, or strides too different.
std::optional<Lanes> loadChosen(KernelFunction &kernel, LaneMath &lanes, const Choice &choice,
                                llvm::ArrayRef<Buffer> buffers, llvm::ArrayRef<Lanes> indices);

} // namespace nacre::kernel
