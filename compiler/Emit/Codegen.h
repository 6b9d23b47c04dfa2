//===- Codegen.h - From LLVM dialect to machine code ------------*- C++ -*-===//
#pragma once

#include "Emit/Machine.h"
#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <string>
#include <vector>

namespace nacre::emit {

enum class Artifact { IR, Assembly, Object };

/// A kernel's machine code for a GPU.
struct Image {
  std::string architecture;
  std::string code;
  std::string remarks; ///< What ptxas says of it.
};

/// What was made of one kernel.
struct KernelCode {
  std::string name;
  std::string text;          ///< LLVM IR, assembly, or the bytes of an object file; of a GPU PTX.
  std::string error;         ///< Why there is none; empty if all went well.
  std::vector<Image> images; ///< Of a GPU, as an object: for each architecture, if ptxas is there to make them.
};

/// Called as kernels get done, one call at a time.
using KernelProgress = std::function<void(size_t done, size_t total)>;

/// Compiles every kernel of a module of modules, one for each, by two workers. The result is
/// in their order and does not depend on the workers. Of a GPU's code, objects have images for `architectures`, and PTX
/// asks for as many blocks on a multiprocessor as these have registers for, as far as ptxas is there.
std::vector<KernelCode> compileKernels(mlir::ModuleOp lowered, const Machine &machine, Artifact artifact,
                                       llvm::ArrayRef<std::string> architectures = {},
                                       const KernelProgress &progress = {});

/// The short pipeline for kernels. Their loops are already scheduled: vectors are explicit and what
/// shall be unrolled is, so LLVM's vectorisers and unroller do not run.
void optimizeKernel(llvm::Module &module, llvm::TargetMachine &target);

/// Assembly or an object file of a module.
std::string generate(llvm::Module &module, llvm::TargetMachine &target, Artifact artifact);

} // namespace nacre::emit
