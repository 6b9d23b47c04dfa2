//===- MatrixOps.h - ldmatrix and mma ---------------------------*- C++ -*-===//
#pragma once

#include "KernelToEmulator/EmulatorCalls.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace nacre::emulator {

mlir::FailureOr<mlir::Value> convertLoad(mlir::ImplicitLocOpBuilder &builder, mlir::NVVM::LdMatrixOp load,
                                         EmulatorCalls &calls);
mlir::FailureOr<mlir::Value> convertMultiply(mlir::ImplicitLocOpBuilder &builder, mlir::NVVM::MmaOp multiply,
                                             EmulatorCalls &calls);

} // namespace nacre::emulator
