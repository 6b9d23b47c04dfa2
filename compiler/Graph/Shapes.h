//===- Shapes.h - Shape rules of the structural ops -------------*- C++ -*-===//
//
// The rules as plain functions: verifiers compare with them, builders of ops
// compute result types with them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace nacre::graph {

using Shape = llvm::SmallVector<int64_t>;

/// How a window moves over one spatial axis.
struct WindowAxis {
  int64_t kernel = 1, stride = 1, low = 0, high = 0, dilation = 1;

  /// Number of places of the window on `size` elements; at most 0 if it does not fit.
  int64_t places(int64_t size) const {
    int64_t room = size + low + high - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
  }
};

/// `shape` without `axes`.
Shape withoutAxes(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> axes);

/// The axes that are in neither list, rising.
Shape freeAxes(int64_t rank, llvm::ArrayRef<int64_t> batch, llvm::ArrayRef<int64_t> contract);

/// Result of a `dot`: batch, then lhs's free axes, then rhs's.
Shape dotShape(llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs, llvm::ArrayRef<int64_t> lhsBatch,
               llvm::ArrayRef<int64_t> rhsBatch, llvm::ArrayRef<int64_t> lhsContract,
               llvm::ArrayRef<int64_t> rhsContract);

/// Number of elements.
int64_t elements(llvm::ArrayRef<int64_t> shape);

/// The same type with another size of the leading axis.
inline mlir::RankedTensorType withLeading(mlir::RankedTensorType type, int64_t size) {
  Shape shape(type.getShape());
  shape.front() = size;
  return type.clone(shape);
}

/// The same shape with another element type.
inline mlir::RankedTensorType withElement(mlir::RankedTensorType type, mlir::Type element) {
  return mlir::RankedTensorType::get(type.getShape(), element);
}

} // namespace nacre::graph
