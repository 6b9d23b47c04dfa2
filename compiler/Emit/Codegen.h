//===- Codegen.h - From LLVM dialect to machine code ------------*- C++ -*-===//
#pragma once

#include "Emit/Machine.h"
#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <string>
#include <vector>

namespace nacre::emit {

enum class Artifact { IR, Assembly, Object };

/// What was made of one kernel.
struct KernelCode {
  std::string name;
  std::string text;    ///< LLVM IR, assembly, or the bytes of an object file; of a GPU PTX.
  std::string error;   ///< Why there is none; empty if all went well.
  std::string image;   ///< Of a GPU, as an object: its machine code, if ptxas is there to make it.
  std::string remarks; ///< What ptxas says of that.
};

/// Called as kernels get done, one call at a time.
using KernelProgress = std::function<void(size_t done, size_t total)>;

/// Compiles every kernel of a module of modules, one for each, by two workers. The result is
/// in their order and does not depend on the workers.
std::vector<KernelCode> compileKernels(mlir::ModuleOp lowered, const Machine &machine, Artifact artifact,
                                       const KernelProgress &progress = {});

/// The short pipeline for kernels. Their loops are already scheduled: vectors are explicit and what
/// shall be unrolled is, so LLVM's vectorisers and unroller do not run.
void optimizeKernel(llvm::Module &module, llvm::TargetMachine &target);

/// Assembly or an object file of a module.
std::string generate(llvm::Module &module, llvm::TargetMachine &target, Artifact artifact);

} // namespace nacre::emit
