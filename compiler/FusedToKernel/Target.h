//===- Target.h - What the templates know of a processor --------*- C++ -*-===//
#pragma once

#include "mlir/IR/Types.h"

namespace nacre::kernel {

/// The vector unit of a CPU, or what a thread of a GPU loads at once.
struct Target {
  enum class Kind { Cpu, Gpu };

  unsigned vectorBits = 256;
  Kind kind = Kind::Cpu;
  bool multipliesTf32 = false; ///< Operands of products in f32 are rounded to TF32, for a GPU's tensor cores.

  static Target gpu(bool multipliesTf32) { return {128, Kind::Gpu, multipliesTf32}; }
  bool isGpu() const { return kind == Kind::Gpu; }
  /// Elements of a type in one vector register.
  unsigned lanes(mlir::Type element) const { return vectorBits / element.getIntOrFloatBitWidth(); }
  /// Vector registers: AVX-512 doubled them.
  unsigned registers() const { return vectorBits >= 512 ? 32 : 16; }
};

} // namespace nacre::kernel
