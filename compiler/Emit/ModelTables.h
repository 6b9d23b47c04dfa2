//===- ModelTables.h - What the runtime is told about a model ---*- C++ -*-===//
#pragma once

#include "Emit/Codegen.h"
#include "Emit/Tables.h"
#include "lang/Program.h"
#include "mlir/IR/BuiltinOps.h"

namespace nacre::emit {

/// What a build was asked for.
struct Settings {
  std::string target;    ///< "cpu:znver3"
  std::string features;  ///< What the processor must have.
  std::string precision; ///< "f32" or "f64"
};

/// The tables of a binary: entries and offsets from a module of the `host` stage, all else from the program.
table::Model makeTables(mlir::ModuleOp module, const lang::Program &program, const Settings &settings);

/// Puts the code of a GPU's kernels into the tables; no linker sees them.
void embedKernels(table::Model &model, llvm::ArrayRef<KernelCode> codes);

} // namespace nacre::emit
