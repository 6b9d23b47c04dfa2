//===- Register.h - All dialects and passes, for every tool -----*- C++ -*-===//
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace nacre {

/// The dialects of every stage, our own and upstream's.
void registerDialects(mlir::DialectRegistry &registry);

/// The passes of every stage, and upstream's clean-up passes.
void registerPasses();

/// Both.
void registerAll(mlir::DialectRegistry &registry);

} // namespace nacre
