//===- Layouts.h - Where the channels lie in memory -------------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"

namespace nacre {

/// Which values have their channels (axis 1) innermost in memory: what
/// convolutions read and write, and what is connected to it by ops that keep the
/// axes. All others are row-major, as are arguments and results of functions.
llvm::DenseSet<mlir::Value> channelsLast(mlir::Block &block);

/// The type of a stored value: its layout, and u8 as plain bytes.
mlir::RankedTensorType storedType(mlir::Value value, bool channelsLast);

} // namespace nacre
