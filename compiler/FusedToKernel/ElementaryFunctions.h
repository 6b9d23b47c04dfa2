//===- ElementaryFunctions.h - exp, log, sin and others as code -*- C++ -*-===//
#pragma once

#include "FusedToKernel/FloatMath.h"

namespace nacre::kernel {

/// Straight-line code for scalars and vectors, the same on every target. Infinities
/// and NaN are as in C; results below the smallest normal number may be 0.
/// f32: 1.5 units in the last place (tanh 2.5; erf 2e-7 absolute). f64: 1e-13 relative.
mlir::Value emitExp(const FloatMath &math, mlir::Value x);
mlir::Value emitLog(const FloatMath &math, mlir::Value x);
mlir::Value emitTanh(const FloatMath &math, mlir::Value x);
mlir::Value emitErf(const FloatMath &math, mlir::Value x);
/// The argument is reduced in f64, by three parts of pi / 2: for |x| up to 10,000 the error is 1e-12 relative.
mlir::Value emitSin(const FloatMath &math, mlir::Value x);
mlir::Value emitCos(const FloatMath &math, mlir::Value x);
mlir::Value emitPow(const FloatMath &math, mlir::Value x, mlir::Value y);
mlir::Value emitRsqrt(const FloatMath &math, mlir::Value x);

} // namespace nacre::kernel
