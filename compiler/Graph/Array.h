//===- Array.h - Dense arrays of the reference evaluator --------*- C++ -*-===//
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <vector>

namespace nacre::graph {

/// A dense row-major array. Every element is held as a double, whatever its
/// type, and rounded to the type after each op, so that one evaluator serves all
/// precisions (i32 and f32 are exact in a double).
struct Array {
  mlir::RankedTensorType type;
  std::vector<double> data;
};

/// What an op may ask beyond its operands: the control block.
struct EvaluationContext {
  double step = 0, steps = 1, stepsPerEpoch = 1;
  int64_t seed = 1, entry = 1, draw = 0;
};

} // namespace nacre::graph
