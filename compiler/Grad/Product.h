//===- Product.h - Products whose smaller factors stand apart ---*- C++ -*-===//
//
// A tensor as core * coefficient * broadcast factors. What does not vary along
// some axes can then leave a sum over them; and the factors of small shape are
// multiplied with each other before they meet the large one.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Grad/UniqueOps.h"

namespace nacre::grad {

/// broadcast(value) whose axis i is axis `axes[i]` of the product.
struct Factor {
  llvm::SmallVector<int64_t> axes;
  mlir::Value value;
  bool operator==(const Factor &) const = default;
};

struct Product {
  mlir::Value core; ///< of the product's shape; null for 1
  double coefficient = 1;
  llvm::SmallVector<Factor> factors = {};

  bool isPlain() const { return coefficient == 1 && factors.empty(); }
  /// Multiplies everything but the core.
  void scaleBy(const Product &other);
};

/// Takes values apart into products and puts them together again.
class Products {
public:
  explicit Products(UniqueOps &ops) : ops(ops) {}

  const Product &of(mlir::Value value);
  mlir::Value materialize(const Product &product, mlir::RankedTensorType type);
  /// The factors of a nest of products, in the order of their numbers.
  llvm::SmallVector<mlir::Value> leaves(mlir::Value core);

private:
  Product analyse(mlir::Value value);
  Product quotient(graph::DivOp op);
  /// The factor with its own products taken apart.
  Product broadcastOf(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  /// One factor for each set of axes; sets that contain each other are joined.
  llvm::SmallVector<Factor> joined(llvm::SmallVector<Factor> factors);
  void sort(llvm::SmallVectorImpl<Factor> &factors);

  UniqueOps &ops;
  llvm::DenseMap<mlir::Value, Product> known;
};

/// Where each of `axes` stands in `among`.
llvm::SmallVector<int64_t> positionsIn(llvm::ArrayRef<int64_t> among, llvm::ArrayRef<int64_t> axes);

} // namespace nacre::grad
