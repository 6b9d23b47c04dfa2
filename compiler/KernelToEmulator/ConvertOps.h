//===- ConvertOps.h - Operations of the nvvm dialect ------------*- C++ -*-===//
#pragma once

#include "KernelToEmulator/EmulatorCalls.h"

namespace nacre::emulator {

/// Replaces all operations of the nvvm dialect in a function; an error for those that the emulator does not know.
mlir::LogicalResult convertOps(mlir::LLVM::LLVMFuncOp function, EmulatorCalls &calls);

} // namespace nacre::emulator
