//===- MatrixOps.h - ldmatrix and mma ---------------------------*- C++ -*-===//
#pragma once

#include "KernelToEmulator/EmulatorCalls.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace nacre::emulator {

mlir::FailureOr<mlir::Value> convertLoad(mlir::ImplicitLocOpBuilder &builder, mlir::NVVM::LdMatrixOp load,
                                         EmulatorCalls &calls);
mlir::FailureOr<mlir::Value> convertMultiply(mlir::ImplicitLocOpBuilder &builder, mlir::NVVM::MmaOp multiply,
                                             EmulatorCalls &calls);

/// wgmma.mma_async: its results are sums that must be waited for, and then redeemed.
mlir::FailureOr<mlir::Value> convertAsyncMultiply(mlir::ImplicitLocOpBuilder &builder,
                                                  mlir::NVVM::WgmmaMmaAsyncOp multiply, EmulatorCalls &calls);

} // namespace nacre::emulator
