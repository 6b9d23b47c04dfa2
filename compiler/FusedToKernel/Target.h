//===- Target.h - What the templates know of a CPU --------------*- C++ -*-===//
#pragma once

#include "mlir/IR/Types.h"

namespace nacre::kernel {

/// The vector unit of a CPU.
struct Target {
  unsigned vectorBits = 256;

  /// Elements of a type in one vector register.
  unsigned lanes(mlir::Type element) const { return vectorBits / element.getIntOrFloatBitWidth(); }
  /// Vector registers: AVX-512 doubled them.
  unsigned registers() const { return vectorBits >= 512 ? 32 : 16; }
};

} // namespace nacre::kernel
