//===- Ptxas.h - Machine code of a GPU from PTX -----------------*- C++ -*-===//
#pragma once

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace nacre::emit {

/// Where `ptxas` is: in the CUDA toolkit that CUDA_ROOT or CUDA_HOME names, on PATH, or in /usr/local/cuda. None if
/// nowhere: the driver then compiles PTX when a binary starts.
std::optional<std::string> findPtxas();

struct Assembled {
  std::string code;    ///< A cubin.
  std::string remarks; ///< What `ptxas -v` says: registers, spills, shared memory.
  std::string error;   ///< Why there is no code; empty if all went well.
};
/// Whether what `ptxas -v` says is that values are kept in memory for want of registers.
bool hasSpills(llvm::StringRef remarks);
/// Machine code for an architecture ("sm_90a").
Assembled assemble(const std::string &ptxas, const std::string &ptx, const std::string &architecture);

} // namespace nacre::emit
