//===- Copy.h - The kernel that copies a buffer -----------------*- C++ -*-===//
#pragma once

#include "Host/Host.h"

namespace nacre::host {

/// The kernel's name, and the bytes that an item copies. It takes the places of both buffers and how many bytes they have.
inline constexpr llvm::StringLiteral copyKernel = "copy";
inline constexpr int64_t bytesPerCopyItem = 1 << 16;

/// Launches a copy of `value`, and adds the kernel that does it to `@kernels` if it is not there yet.
LaunchOp createCopy(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, llvm::StringRef label);

} // namespace nacre::host
