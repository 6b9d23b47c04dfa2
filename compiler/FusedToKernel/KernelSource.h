//===- KernelSource.h - A nest as its kernel sees it ------------*- C++ -*-===//
//
// Before a kernel is made of a nest, everything is taken out of it that the kernel
// shall not depend on: the values of its operands, its place in the model, the
// order in which axes were written, the leading extent. Two nests with the same
// source have the same kernel. The kernel of a reference (Graph/Ports.h) shall not
// depend on any number: it is compiled for one launch of many, and need not be fast.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Fused/Fused.h"
#include "mlir/IR/BuiltinOps.h"

namespace nacre::kernel {

struct KernelSource {
  /// A module that holds one function around the nest.
  mlir::OwningOpRef<mlir::ModuleOp> holder;
  mlir::Operation *nest = nullptr;
  /// What was taken out and is an argument now: the leading extent; of a reference all
  /// numbers, as `ReferenceArguments` says; streams of random numbers.
  llvm::SmallVector<int64_t> extents;
  /// Of a reference: how many items there are.
  std::optional<int64_t> items;

  /// The canonical text: equal for equal kernels.
  std::string text() const;
};

/// The source of a nest. All inputs are row-major in it, in the order their axes
/// have in memory; of `map` and `reduce` the domain runs in memory order, too.
KernelSource makeSource(mlir::Operation *nest);

/// Whether a nest, in its source, is a reference.
bool isReference(mlir::Operation *nest);

/// The order of a reference's arguments after its buffers: the extents of the domain, the indices of the first kept
/// axis that an item has, the extents of the inputs but the outermost of each, and the index constants of the program
/// but 0. In the source these constants hold the number of their argument, and say so by an attribute.
struct ReferenceArguments {
  static constexpr llvm::StringLiteral marksConstant = "nacre.argument";
  static unsigned extent(unsigned axis) { return axis; }
  static unsigned rowsPerItem(unsigned rank) { return rank; }
  static unsigned firstOfInputs(unsigned rank) { return rank + 1; }
};

/// The first axis that a `map` or `reduce` does not sum over; none if there is none.
std::optional<int64_t> firstKeptAxis(mlir::Operation *nest);

/// Drops axes of extent 1 from a row-major `map` or `reduce`, and merges adjacent
/// axes wherever every tensor runs through both as if they were one.
void collapseAxes(mlir::Operation *nest);

/// Elements from one index of each logical axis to the next; the extent of the
/// axis that is outermost in memory may be dynamic.
llvm::SmallVector<int64_t> dynamicStrides(mlir::RankedTensorType type);

/// The axes that a nest iterates over, as arguments of its first region.
llvm::MutableArrayRef<mlir::BlockArgument> domainArguments(mlir::Operation *nest);

} // namespace nacre::kernel
