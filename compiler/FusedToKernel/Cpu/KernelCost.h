//===- KernelCost.h - What a kernel will do to a cache ----------*- C++ -*-===//
//
// The loops of a kernel, as they were written for its launch, are run over places in
// memory alone, beside a model of the second-level cache (CacheModel.h). A small nest of
// loops is one step: what it touches is put together first (Footprint.h). Once turns of
// a loop have brought in several times what the cache holds, it no longer
// matters what came before them, and all but the last one are taken to cost as much.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nacre::kernel {

struct KernelCost {
  double flops = 0; ///< Operations that are executed.
  double bytes = 0; ///< Of the lines that are missed in the cache.
};

/// Of a CPU's kernel: `arguments` are the words that a launch gives it.
KernelCost costOf(mlir::func::FuncOp kernel, llvm::ArrayRef<int64_t> arguments, int64_t items);

} // namespace nacre::kernel
