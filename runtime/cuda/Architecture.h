//===- Architecture.h - Which GPUs run which code ---------------*- C++ -*-===//
//
// Names of architectures, "sm_90a", and what the rules of compatibility make of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ABI.h"

#include <string>
#include <string_view>

namespace nacre::runtime::cuda {

/// What code was compiled for.
struct Architecture {
  int number = 0;  ///< Ten times the major version of the compute capability, and the minor one.
  char suffix = 0; ///< 'a' for what this one alone has, 'f' for what its family has, or 0.

  /// Whether GPUs of capability `gpu` run its machine code.
  bool codeRunsOn(int gpu) const;
  /// Whether the driver can make code for such GPUs from its PTX.
  bool ptxRunsOn(int gpu) const;
  std::string name() const;
};

/// The first architecture that a target names: "cuda:sm_90a", "cuda:sm_80,sm_90". Number 0 if it names none.
Architecture architectureOf(std::string_view target);

/// The machine code for the latest architecture whose code GPUs of capability `gpu` run; null if they run none of it.
const abi::Image *bestImage(abi::List<abi::Image> images, int gpu);

} // namespace nacre::runtime::cuda
