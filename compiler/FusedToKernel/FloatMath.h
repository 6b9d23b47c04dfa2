//===- FloatMath.h - Floating-point code, f32 or f64 ------------*- C++ -*-===//
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"

namespace nacre::kernel {

/// Emits arithmetic on scalars or vectors of one floating-point type. Nothing is
/// fused unless `fma` says so.
struct FloatMath {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type type; ///< f32, f64 or a vector of them.

  bool isDouble() const { return getElementTypeOrSelf(type).isF64(); }
  unsigned mantissaBits() const { return isDouble() ? 52 : 23; }
  /// The integers that have as many bits.
  mlir::Type integers() const { return like(builder.getIntegerType(isDouble() ? 64 : 32)); }
  /// A type with the same number of lanes.
  mlir::Type like(mlir::Type element) const {
    auto vector = llvm::dyn_cast<mlir::VectorType>(type);
    return vector ? mlir::Type(vector.clone(element)) : element;
  }

  mlir::Value constant(double value) const {
    return splat(type, builder.getFloatAttr(getElementTypeOrSelf(type), value));
  }
  mlir::Value integer(int64_t value) const {
    return splat(integers(), builder.getIntegerAttr(getElementTypeOrSelf(integers()), value));
  }

  mlir::Value add(mlir::Value a, mlir::Value b) const { return mlir::arith::AddFOp::create(builder, loc, a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) const { return mlir::arith::SubFOp::create(builder, loc, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) const { return mlir::arith::MulFOp::create(builder, loc, a, b); }
  mlir::Value mul(mlir::Value a, double b) const { return mul(a, constant(b)); }
  mlir::Value div(mlir::Value a, mlir::Value b) const { return mlir::arith::DivFOp::create(builder, loc, a, b); }
  mlir::Value neg(mlir::Value a) const { return mlir::arith::NegFOp::create(builder, loc, a); }
  mlir::Value abs(mlir::Value a) const { return mlir::math::AbsFOp::create(builder, loc, a); }
  mlir::Value withSign(mlir::Value a, mlir::Value sign) const {
    return mlir::math::CopySignOp::create(builder, loc, a, sign);
  }
  /// a * b + c, rounded once.
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c) const {
    return mlir::math::FmaOp::create(builder, loc, a, b, c);
  }
  mlir::Value fma(mlir::Value a, double b, mlir::Value c) const { return fma(a, constant(b), c); }

  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value a, mlir::Value b) const {
    return mlir::arith::CmpFOp::create(builder, loc, predicate, a, b);
  }
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value a, double b) const {
    return compare(predicate, a, constant(b));
  }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) const {
    return mlir::arith::SelectOp::create(builder, loc, condition, a, b);
  }
  /// Not above `high`; NaN stays NaN.
  mlir::Value atMost(mlir::Value a, double high) const {
    return select(compare(mlir::arith::CmpFPredicate::OGT, a, high), constant(high), a);
  }
  mlir::Value atLeast(mlir::Value a, double low) const {
    return select(compare(mlir::arith::CmpFPredicate::OLT, a, low), constant(low), a);
  }

  mlir::Value bits(mlir::Value a) const { return mlir::arith::BitcastOp::create(builder, loc, integers(), a); }
  mlir::Value fromBits(mlir::Value a) const { return mlir::arith::BitcastOp::create(builder, loc, type, a); }
  mlir::Value addBits(mlir::Value a, mlir::Value b) const { return mlir::arith::AddIOp::create(builder, loc, a, b); }
  mlir::Value subBits(mlir::Value a, mlir::Value b) const { return mlir::arith::SubIOp::create(builder, loc, a, b); }
  mlir::Value shiftLeft(mlir::Value a, unsigned by) const {
    return mlir::arith::ShLIOp::create(builder, loc, a, integer(by));
  }
  /// Whether the bits of `mask` in `a` are not all zero.
  mlir::Value hasBits(mlir::Value a, int64_t mask) const {
    mlir::Value masked = mlir::arith::AndIOp::create(builder, loc, a, integer(mask));
    return mlir::arith::CmpIOp::create(builder, loc, mlir::arith::CmpIPredicate::ne, masked, integer(0));
  }

  /// A polynomial, coefficients lowest first, by Horner's rule.
  mlir::Value polynomial(llvm::ArrayRef<double> coefficients, mlir::Value x) const {
    mlir::Value result = constant(coefficients.back());
    for (double c : llvm::reverse(coefficients.drop_back()))
      result = fma(result, x, constant(c));
    return result;
  }

private:
  mlir::Value splat(mlir::Type shape, mlir::TypedAttr value) const {
    if (auto vector = llvm::dyn_cast<mlir::VectorType>(shape))
      value = mlir::DenseElementsAttr::get(vector, mlir::Attribute(value));
    return mlir::arith::ConstantOp::create(builder, loc, value);
  }
};

} // namespace nacre::kernel
