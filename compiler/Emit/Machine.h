//===- Machine.h - The processor that code is made for ----------*- C++ -*-===//
#pragma once

#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nacre::emit {

/// A CPU or a GPU, by LLVM's name for it. The name and the features determine the code.
struct Machine {
  std::string triple, cpu;
  std::string features; ///< As LLVM writes them: "+avx2,+fma,-avx512f".

  /// What a binary must find at its start, of what matters to kernels: "avx avx2 fma".
  std::string required() const;
  bool has(const char *feature) const;
  bool isGpu() const;
  /// Bits of the widest vector that code for it should use.
  unsigned vectorBits() const;
};

/// The CPU of that name; without a name, the one this process runs on. None if there is no such CPU.
std::optional<Machine> findMachine(const std::string &cpu);

/// The GPU of that architecture ("sm_90a"); none if it is not known.
std::optional<Machine> findGpu(const std::string &architecture);
/// All that there are, the earliest first: "sm_80", ...
std::vector<std::string> gpuNames();

/// A code generator for it. Not to be shared by threads.
std::unique_ptr<llvm::TargetMachine> makeTargetMachine(const Machine &machine);

} // namespace nacre::emit
