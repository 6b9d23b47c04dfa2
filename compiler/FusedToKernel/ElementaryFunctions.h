//===- ElementaryFunctions.h - exp, log, sin and others as code -*- C++ -*-===//
#pragma once

#include "FusedToKernel/FloatMath.h"

namespace nacre::kernel {

/// Straight-line code for scalars and vectors, the same on every target. Infinities
/// and NaN are as in C; results below the smallest normal number may be 0.
/// f32: at most 2 units in the last place (erf: 2e-7 absolute). f64: 1e-13 relative.
mlir::Value emitExp(const FloatMath &math, mlir::Value x);
mlir::Value emitLog(const FloatMath &math, mlir::Value x);
mlir::Value emitTanh(const FloatMath &math, mlir::Value x);
mlir::Value emitErf(const FloatMath &math, mlir::Value x);
/// Exact reduction of the argument up to about 1e5 periods.
mlir::Value emitSin(const FloatMath &math, mlir::Value x);
mlir::Value emitCos(const FloatMath &math, mlir::Value x);
mlir::Value emitPow(const FloatMath &math, mlir::Value x, mlir::Value y);
mlir::Value emitRsqrt(const FloatMath &math, mlir::Value x);

} // namespace nacre::kernel
