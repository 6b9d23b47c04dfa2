//===- EmulatorCalls.h - Calls of the emulator's functions ------*- C++ -*-===//
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/BuiltinOps.h"

namespace nacre::emulator {

/// The emulator's functions (runtime/emulator/Calls.def).
enum class Callee {
#define CALL(result, name, ...) name,
#include "runtime/emulator/Calls.def"
};

/// Writes calls into a module, with what they need there: declarations, the names of operations.
class EmulatorCalls {
public:
  explicit EmulatorCalls(mlir::ModuleOp module) : module(module) {}

  /// Calls with the insertion point and the place of `builder`; the result, if it has one.
  mlir::Value call(mlir::ImplicitLocOpBuilder &builder, Callee callee, mlir::ValueRange args);
  /// The text by which errors name an operation; each has its own.
  mlir::Value site(mlir::ImplicitLocOpBuilder &builder, mlir::Operation *op);

private:
  mlir::LLVM::LLVMFuncOp declare(Callee callee);

  mlir::ModuleOp module;
  unsigned sites = 0;
};

mlir::Value constant(mlir::ImplicitLocOpBuilder &builder, unsigned width, int64_t value);

} // namespace nacre::emulator
