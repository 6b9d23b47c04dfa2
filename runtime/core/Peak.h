//===- Peak.h - What this machine can do at most ----------------*- C++ -*-===//
//
// Measures the rate of fused multiply-adds and the memory bandwidth, beside which
// a benchmark sets the model's.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Pool.h"

namespace nacre::runtime {

struct Peak {
  double gflops;             ///< f32, all threads together
  double gigabytesPerSecond; ///< read and written, from main memory
};

/// Takes about a third of a second on the pool's threads.
Peak measurePeak(Pool &pool);

} // namespace nacre::runtime
