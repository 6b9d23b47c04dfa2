//===- CheckAccesses.h - A check before each access -------------*- C++ -*-===//
#pragma once

#include "KernelToEmulator/EmulatorCalls.h"

namespace nacre::emulator {

/// Puts a call of the emulator before every access of a function to memory that threads share.
mlir::LogicalResult checkAccesses(mlir::LLVM::LLVMFuncOp function, EmulatorCalls &calls);

} // namespace nacre::emulator
