//===- Cost.h - What arithmetic takes beside memory -------------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"

namespace nacre::graph {

/// Time of one operation on an element, in bytes moved meanwhile. Cores of two makes with AVX2 and AVX-512 have
/// 0.2 to 0.45.
constexpr double bytesPerOperation = 0.25;

/// Operations for one element of a pointwise op's result, vectorised: additions and products count 1, others as many
/// of these as take the same time; 0 of what only moves elements.
double operationsPerElement(mlir::Operation *op);

} // namespace nacre::graph
