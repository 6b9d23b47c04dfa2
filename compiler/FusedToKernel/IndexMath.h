//===- IndexMath.h - Index arithmetic that folds as it goes -----*- C++ -*-===//
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

namespace nacre::kernel {

/// Emits arithmetic on `index` values at one place; constants fold at once, so
/// that strides of 1 and offsets of 0 leave no trace.
struct IndexMath {
  mlir::OpBuilder builder;
  mlir::Location loc;

  mlir::Value constant(int64_t value) { return mlir::arith::ConstantIndexOp::create(builder, loc, value); }
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return isConstant(b, 0) ? a : isConstant(a, 0) ? b : builder.createOrFold<mlir::arith::AddIOp>(loc, a, b);
  }
  mlir::Value add(mlir::Value a, int64_t b) { return b == 0 ? a : add(a, constant(b)); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return builder.createOrFold<mlir::arith::SubIOp>(loc, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return builder.createOrFold<mlir::arith::MulIOp>(loc, a, b); }
  mlir::Value mul(mlir::Value a, int64_t b) { return b == 1 ? a : mul(a, constant(b)); }
  mlir::Value floorDiv(mlir::Value a, mlir::Value b) { return builder.createOrFold<mlir::arith::DivUIOp>(loc, a, b); }
  mlir::Value floorDiv(mlir::Value a, int64_t b) { return b == 1 ? a : floorDiv(a, constant(b)); }
  mlir::Value min(mlir::Value a, mlir::Value b) { return builder.createOrFold<mlir::arith::MinSIOp>(loc, a, b); }
  mlir::Value max(mlir::Value a, mlir::Value b) { return builder.createOrFold<mlir::arith::MaxSIOp>(loc, a, b); }
  /// The largest multiple of `step` that is not above `a`.
  mlir::Value roundDown(mlir::Value a, int64_t step) { return mul(floorDiv(a, step), step); }

  static bool isConstant(mlir::Value value, int64_t expected) {
    mlir::APInt found;
    return mlir::matchPattern(value, mlir::m_ConstantInt(&found)) && found.getSExtValue() == expected;
  }
};

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

} // namespace nacre::kernel
