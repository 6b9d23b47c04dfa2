//===- ConvStore.h - From a thread's sums to results ------------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Gpu/ConvOperand.h"

namespace nacre::kernel {

/// The program `store` of a convolution, on sums in registers.
class ConvStore {
public:
  ConvStore(KernelFunction &kernel, fused::ConvOp conv, const PointInputs &inputs);

  /// Of sums side by side, up to `most`, as many as can be stored at once; from a multiple of them on among `channels`,
  /// those of a group or of all.
  unsigned lanesOf(int64_t channels, unsigned most);
  /// Stores the sums of channels from `k` on at a pixel, which is known at a level of the loops.
  void store(const Pixel &pixel, unsigned level, const Lanes &k, mlir::Value sums, unsigned lanes);
  /// Some of the sums in a vector; or one, as a scalar.
  mlir::Value slice(mlir::Value sums, int64_t first, int64_t lanes);

private:
  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  const PointInputs &inputs;
  llvm::SmallVector<Buffer> results;
};

} // namespace nacre::kernel
