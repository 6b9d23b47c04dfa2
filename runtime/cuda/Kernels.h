//===- Kernels.h - A model's kernels on a GPU -------------------*- C++ -*-===//
//
// Loads kernels when an entry that launches them runs first: their machine code if
// the GPU runs it, else what the driver makes of their PTX.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <vector>

#include "runtime/ABI.h"
#include "runtime/cuda/Gpu.h"

namespace nacre::runtime::cuda {

class Kernels {
public:
  /// Loads with so many threads.
  Kernels(const abi::Model &model, const Gpu &gpu, int threads);

  /// Makes those of an entry ready.
  void load(const abi::Entry &entry);
  Function function(int64_t kernel) const { return loaded[kernel].function; }

private:
  struct Loaded {
    OwnedModule module;
    Function function = nullptr;
  };

  Loaded load(const abi::Kernel &kernel) const;

  const abi::Model &model;
  const Gpu &gpu;
  int threads;
  std::vector<Loaded> loaded; ///< By number.
};

} // namespace nacre::runtime::cuda
