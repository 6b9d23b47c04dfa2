//===- WinogradChoice.h - Direct, or by Winograd's method -------*- C++ -*-===//
//
// F(m x m, 3 x 3) computes a tile of m x m outputs from (m + 2)^2 products for each pair
// of channels instead of 9 m^2, but transforms the operand, the sums and the weights.
// The time of both ways is counted in multiply-adds of a core. What the transforms
// take was measured (test/perf/KernelBench.cpp) with 32 to 512 channels; sums and
// transforms scale alike with the width of vectors.
//
// F(2, 3) rounds about as the direct sum does; F(4, 3) twice as much in f32 (see
// README.md of FusedToKernel). So the experiment has the last word: `winograd`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Graph.h"
#include "GraphToFused/PathPolicies.h"

namespace nacre {

/// A way to compute a convolution.
struct Method {
  int64_t tile;   ///< Edge of the tiles of Winograd's method; 0: directly.
  double time;    ///< By count, in multiply-adds.
  bool isAllowed; ///< By the experiment.
};

class WinogradChoice {
public:
  /// Policies are PATTERN=off, PATTERN=f2 and PATTERN=f4, patterns being of paths.
  explicit WinogradChoice(llvm::ArrayRef<std::string> policies) : policies(policies) {}

  /// All that a convolution or its gradient can be computed by, the fastest first.
  std::vector<Method> methodsOf(mlir::Operation *conv) const;

private:
  int64_t largestTile(mlir::Operation *conv) const;

  PathPolicies policies;
};

} // namespace nacre
