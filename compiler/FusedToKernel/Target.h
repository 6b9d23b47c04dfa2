//===- Target.h - What the templates know of a processor --------*- C++ -*-===//
#pragma once

#include "mlir/IR/Types.h"

namespace nacre::kernel {

/// The vector unit of a CPU, or what a thread of a GPU loads at once.
struct Target {
  enum class Kind { Cpu, Gpu };

  unsigned vectorBits = 256;
  Kind kind = Kind::Cpu;
  /// What the operands of products in f32 are rounded to, for a GPU's tensor cores.
  enum class Products { F32, Tf32, Bf16, F16 } products = Products::F32;

  /// Whether there are `wgmma` instructions, which no other architecture has.
  bool hasWarpgroupProducts = false;

  static Products productsOf(llvm::StringRef name) {
    return name == "tf32"   ? Products::Tf32
           : name == "bf16" ? Products::Bf16
           : name == "f16"  ? Products::F16
                            : Products::F32;
  }
  static Target gpu(llvm::StringRef products, llvm::StringRef architecture) {
    return {128, Kind::Gpu, productsOf(products), architecture == "sm_90a"};
  }
  bool isGpu() const { return kind == Kind::Gpu; }
  /// Elements of a type in one vector register.
  unsigned lanes(mlir::Type element) const { return vectorBits / element.getIntOrFloatBitWidth(); }
  /// Vector registers: AVX-512 doubled them.
  unsigned registers() const { return vectorBits >= 512 ? 32 : 16; }
};

} // namespace nacre::kernel
