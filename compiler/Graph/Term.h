//===- Term.h - Tensor expressions in mathematical notation -----*- C++ -*-===//
//
// A value with the place where more ops may be made, so that gradients read as
// formulas: `g * 0.5 / y`. Every operator makes one op of the graph dialect.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Graph.h"

namespace nacre::graph {

class Term {
public:
  Term(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value) : builder(&builder), loc(loc), value(value) {}

  operator mlir::Value() const { return value; }
  mlir::RankedTensorType type() const { return llvm::cast<mlir::RankedTensorType>(value.getType()); }
  llvm::ArrayRef<int64_t> shape() const { return type().getShape(); }
  int64_t rank() const { return type().getRank(); }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(type().getElementType()); }

  /// The same place with another value.
  Term at(mlir::Value other) const { return Term(*builder, loc, other); }
  /// A splat of this term's type.
  Term constant(double splat) const { return at(ConstantOp::create(*builder, loc, type(), splat)); }

  /// `Op` of this term and the operands after it, whose result has this term's type.
  template <typename Op> Term same(mlir::Value other) const {
    return at(Op::create(*builder, loc, type(), value, other));
  }
  template <typename Op> Term same() const { return at(Op::create(*builder, loc, type(), value)); }
  /// A comparison with a value of the same type.
  template <typename Op> Term compare(mlir::Value other) const {
    return at(Op::create(*builder, loc, boolLike(type()), value, other));
  }
  /// `Op` of this term with attributes, or further operands, and a result type.
  template <typename Op, typename... Rest> Term into(mlir::RankedTensorType result, Rest &&...rest) const {
    return at(Op::create(*builder, loc, result, value, std::forward<Rest>(rest)...));
  }

  /// Repeats along new axes; axis i becomes `axes[i]` of `result`.
  Term broadcast(mlir::RankedTensorType result, llvm::ArrayRef<int64_t> axes) const;
  /// Sums (or takes the extremum) over `axes`, which vanish.
  Term reduce(ReduceKind kind, llvm::ArrayRef<int64_t> axes) const;
  Term convert(mlir::Type element) const;
  Term reshape(llvm::ArrayRef<int64_t> shape) const;
  Term slice(llvm::ArrayRef<int64_t> start, llvm::ArrayRef<int64_t> limit, llvm::ArrayRef<int64_t> stride) const;
  Term pad(llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high, llvm::ArrayRef<int64_t> interior) const;

private:
  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;
};

inline Term operator+(Term a, Term b) { return a.same<AddOp>(b); }
inline Term operator-(Term a, Term b) { return a.same<SubOp>(b); }
inline Term operator*(Term a, Term b) { return a.same<MulOp>(b); }
inline Term operator/(Term a, Term b) { return a.same<DivOp>(b); }
inline Term operator*(Term a, double b) { return a * a.constant(b); }
inline Term operator*(double a, Term b) { return b * a; }
inline Term operator-(double a, Term b) { return b.constant(a) - b; }
inline Term operator-(Term a) { return a.same<NegOp>(); }
inline Term operator<(Term a, Term b) { return a.compare<LtOp>(b); }
inline Term operator==(Term a, Term b) { return a.compare<EqOp>(b); }

inline Term sign(Term x) { return x.same<SignOp>(); }
inline Term exp(Term x) { return x.same<ExpOp>(); }
inline Term log(Term x) { return x.same<LogOp>(); }
inline Term sqrt(Term x) { return x.same<SqrtOp>(); }
inline Term sin(Term x) { return x.same<SinOp>(); }
inline Term cos(Term x) { return x.same<CosOp>(); }
inline Term pow(Term x, Term y) { return x.same<PowOp>(y); }
inline Term where(Term condition, Term a, Term b) { return condition.into<SelectOp>(a.type(), a, b); }
inline Term where(Term condition, Term a, double b) { return where(condition, a, a.constant(b)); }
inline Term where(Term condition, double a, Term b) { return where(condition, b.constant(a), b); }

/// The axes 0 .. rank - 1 that are not in `axes`, in order.
llvm::SmallVector<int64_t> otherAxes(int64_t rank, llvm::ArrayRef<int64_t> axes);

/// The number that fills a value, seen through broadcasts and conversions between floats; none if it is not a splat.
std::optional<double> splatOf(mlir::Value value);

} // namespace nacre::graph
