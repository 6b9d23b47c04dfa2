//===- TapMath.h - Which elements windows cover -----------------*- C++ -*-===//
#pragma once

#include "GraphToFused/PointEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace nacre {

/// Scalars and indices in the body of a nest that sums over taps.
struct TapMath {
  PointEmitter &emitter;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value inside = nullptr; ///< Whether every index met so far lies in its tensor.

  mlir::Value constant(int64_t value) { return mlir::arith::ConstantIndexOp::create(builder, loc, value); }
  mlir::Value add(mlir::Value a, mlir::Value b) { return builder.createOrFold<mlir::arith::AddIOp>(loc, a, b); }
  mlir::Value mul(mlir::Value a, int64_t b) {
    return b == 1 ? a : builder.createOrFold<mlir::arith::MulIOp>(loc, a, constant(b));
  }
  mlir::Value div(mlir::Value a, int64_t b) {
    return b == 1 ? a : mlir::Value(mlir::arith::DivUIOp::create(builder, loc, a, constant(b)));
  }
  mlir::Value mod(mlir::Value a, int64_t b) {
    return b == 1 ? constant(0) : mlir::Value(mlir::arith::RemUIOp::create(builder, loc, a, constant(b)));
  }
  /// The digits of a number that counts the elements of a row-major box.
  llvm::SmallVector<mlir::Value> digits(mlir::Value number, llvm::ArrayRef<int64_t> extents) {
    llvm::SmallVector<mlir::Value> result(extents.size());
    for (size_t place = extents.size(); place-- > 0;) {
      result[place] = place == 0 ? number : mod(number, extents[place]);
      number = div(number, extents[place]);
    }
    return result;
  }
  void require(mlir::arith::CmpIPredicate predicate, mlir::Value a, mlir::Value b) {
    mlir::Value holds = mlir::arith::CmpIOp::create(builder, loc, predicate, a, b);
    inside = inside ? mlir::Value(mlir::arith::AndIOp::create(builder, loc, inside, holds)) : holds;
  }
  /// The channel that is number `i` of a group's `size` channels.
  mlir::Value channel(mlir::Value group, int64_t size, mlir::Value i) {
    return size == 1 ? group : add(mul(group, size), i);
  }
  /// `i`, held within `size`; outside counts as zero.
  mlir::Value within(mlir::Value i, int64_t size) {
    // Numbers below zero are large ones without a sign.
    require(mlir::arith::CmpIPredicate::ult, i, constant(size));
    mlir::Value low = mlir::arith::MaxSIOp::create(builder, loc, i, constant(0));
    return mlir::arith::MinSIOp::create(builder, loc, low, constant(size - 1));
  }
  /// Input position of a tap, i * stride + t * dilation - low, for i below `count`
  /// and t below `taps`.
  mlir::Value forward(mlir::Value i, int64_t count, mlir::Value t, int64_t taps, int64_t stride, int64_t dilation,
                      int64_t low, int64_t size) {
    mlir::Value place = add(add(mul(i, stride), mul(t, dilation)), constant(-low));
    bool always = low <= 0 && (count - 1) * stride + (taps - 1) * dilation - low < size;
    return always ? place : within(place, size);
  }
  /// Output position that reads position i by tap t: (i + low - t * dilation) / stride.
  mlir::Value backward(mlir::Value i, mlir::Value t, int64_t stride, int64_t dilation, int64_t low, int64_t size) {
    mlir::Value place = add(add(i, constant(low)), mul(t, -dilation));
    if (stride > 1) {
      mlir::Value step = constant(stride);
      require(mlir::arith::CmpIPredicate::eq, mlir::arith::RemSIOp::create(builder, loc, place, step), constant(0));
      place = mlir::arith::FloorDivSIOp::create(builder, loc, place, step);
    }
    return within(place, size);
  }
  mlir::Value product(mlir::Value a, mlir::Value b) { return mlir::arith::MulFOp::create(builder, loc, a, b); }
  /// `value` where all indices were inside, else the neutral element.
  mlir::Value guarded(mlir::Value value, double outside = 0) {
    if (!inside)
      return value;
    mlir::Type type = value.getType();
    mlir::TypedAttr attribute = mlir::isa<mlir::FloatType>(type)
                                    ? mlir::TypedAttr(builder.getFloatAttr(type, outside))
                                    : mlir::TypedAttr(builder.getIntegerAttr(type, int64_t(outside)));
    return mlir::arith::SelectOp::create(builder, loc, inside, value,
                                         mlir::arith::ConstantOp::create(builder, loc, attribute));
  }
};

} // namespace nacre
