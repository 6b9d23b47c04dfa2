//===- Borders.h - Where comparisons of an index change ---------*- C++ -*-===//
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <optional>

namespace nacre::kernel {

std::optional<int64_t> constantOf(mlir::Value value);
/// What is added to `index` to make `value`; none if it is made otherwise.
std::optional<int64_t> distanceFrom(mlir::Value index, mlir::Value value);

/// A comparison of an index that is one thing below `start` and the other from there on.
struct Border {
  int64_t start;
  bool holdsAbove;
};
std::optional<Border> borderOf(mlir::arith::CmpIOp compare, mlir::Value index);

} // namespace nacre::kernel
