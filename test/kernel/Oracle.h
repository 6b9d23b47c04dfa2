//===- Oracle.h - Nests, run one point at a time ----------------*- C++ -*-===//
#pragma once

#include "Fused/Fused.h"

#include <vector>

namespace nacre::test {

/// The elements of a tensor as they lie in memory, whatever their type.
using Elements = std::vector<double>;

struct Control {
  double step = 3, steps = 10, stepsPerEpoch = 5;
  int64_t seed = 7, entry = 1, draw = 2;
};

/// The results of a nest, by plain loops over its domain. Sums are in double.
std::vector<Elements> runNest(mlir::Operation *nest, const std::vector<Elements> &operands, const Control &control);

} // namespace nacre::test
