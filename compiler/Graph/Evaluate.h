//===- Evaluate.h - What the evaluation rules are written with --*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"
#include "Graph/Shapes.h"

namespace nacre::graph {

using Index = llvm::ArrayRef<int64_t>;

/// The nearest value of an element type; integers wrap, bools are 0 or 1.
double roundTo(mlir::Type element, double value);

/// All zeros.
Array zeros(mlir::RankedTensorType type);

/// Row-major number of `index` in `shape`.
int64_t positionOf(llvm::ArrayRef<int64_t> shape, Index index);

/// The element at `index`.
inline double at(const Array &array, Index index) { return array.data[positionOf(array.type.getShape(), index)]; }
inline double &at(Array &array, Index index) { return array.data[positionOf(array.type.getShape(), index)]; }

/// Calls `visit` with each index of a shape, in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(Index)> visit);

/// The array of which the element at each index is `element(index)`, rounded.
Array generate(mlir::RankedTensorType type, llvm::function_ref<double(Index)> element);

/// The larger (smaller) number; NaN if either is.
double maximum(double a, double b);
double minimum(double a, double b);

} // namespace nacre::graph
