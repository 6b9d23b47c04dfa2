//===- Copy.h - The kernel that copies a buffer -----------------*- C++ -*-===//
#pragma once

#include "Host/Host.h"

namespace nacre::host {

/// Launches a copy of `value`, and adds the kernel that does it to `@kernels` if it is not there yet.
LaunchOp createCopy(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, llvm::StringRef label);

} // namespace nacre::host
