//===- Dedup.h - One kernel for equal nests ---------------------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Templates.h"
#include "llvm/ADT/StringMap.h"

namespace nacre::kernel {

struct Kernel {
  std::string name;
  Work work; ///< Of a convolution; sources of other nests say theirs.
  int64_t scratchBytes = 0;
};

/// The kernels of a module, by the text of their source.
class KernelLibrary {
public:
  KernelLibrary(mlir::ModuleOp kernels, const Target &machine) : kernels(kernels), machine(machine) {}

  /// The kernel of a source; makes it if it is new. Its name says the kind and the
  /// kernel's number among its kind.
  const Kernel &get(const KernelSource &source, mlir::Location loc);
  size_t size() const { return bySource.size(); }

private:
  mlir::ModuleOp kernels;
  const Target &machine;
  llvm::StringMap<Kernel> bySource;
  llvm::StringMap<unsigned> numberOfKind;
};

} // namespace nacre::kernel
