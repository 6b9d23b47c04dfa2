//===- Passes.h - From kernels of a GPU to the emulator ---------*- C++ -*-===//
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace nacre::emulator {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "KernelToEmulator/Passes.h.inc"

} // namespace nacre::emulator
