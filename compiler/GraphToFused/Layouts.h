//===- Layouts.h - Where the channels lie in memory -------------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"

namespace nacre {

/// Where the channels are among the axes of values that have them innermost in memory: axis 1, or 0 of what a reshape
/// took from a batch of one.
using ChannelAxes = llvm::DenseMap<mlir::Value, int64_t>;

/// Which values have their channels innermost in memory: what convolutions read and write, and what is connected to it
/// by ops that keep the axes or by the carries of a loop. All others are row-major, as are arguments and results of
/// entries. The bodies of loops have been converted already: their types say what goes in and out.
ChannelAxes channelsLast(mlir::func::FuncOp function);

/// Whether a function is the body of a loop, so that its arguments and results have any layout.
inline bool isBody(mlir::func::FuncOp function) { return function.isPrivate(); }

/// The type of a stored value: its layout, and u8 as plain bytes.
mlir::RankedTensorType storedType(mlir::Value value, const ChannelAxes &last);

} // namespace nacre
