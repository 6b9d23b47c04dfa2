//===- LinearTransform.cpp - Small constant matrices on vectors -----------===//

#include "FusedToKernel/Cpu/LinearTransform.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <cmath>
#include <optional>

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class TransformEmitter {
public:
  explicit TransformEmitter(LoopNest &nest) : nest(nest), builder(nest.here()), loc(nest.getLoc()) {}

  SmallVector<Value> product(const Matrix &matrix, ArrayRef<Value> values) {
    if (auto pair = pairOf(transposed(matrix)))
      return byPairOfColumns(matrix, values, pair->first, pair->second);
    return byRows(matrix, values);
  }

private:
  /// Two rows of the same magnitudes, of which there are at least two: sums can be shared.
  static std::optional<std::pair<size_t, size_t>> pairOf(const Matrix &rows) {
    for (size_t i = 0; i < rows.size(); ++i)
      for (size_t j = i + 1; j < rows.size(); ++j)
        if (areOpposite(rows[i], rows[j]))
          return std::pair(i, j);
    return std::nullopt;
  }

  static bool areOpposite(ArrayRef<double> a, ArrayRef<double> b) {
    bool hasEqual = false, hasOpposite = false;
    for (auto [x, y] : llvm::zip_equal(a, b)) {
      if (std::abs(x) != std::abs(y))
        return false;
      hasEqual |= x != 0 && x == y;
      hasOpposite |= x != 0 && x == -y;
    }
    return hasEqual && hasOpposite;
  }

  /// Values i and j occur as their sum and their difference alone.
  SmallVector<Value> byPairOfColumns(Matrix matrix, ArrayRef<Value> values, size_t i, size_t j) {
    SmallVector<Value> combined(values);
    combined[i] = arith::AddFOp::create(builder, loc, values[i], values[j]);
    combined[j] = arith::SubFOp::create(builder, loc, values[i], values[j]);
    for (SmallVector<double> &row : matrix) {
      bool isSum = row[i] == row[j];
      row[j] = isSum ? 0 : row[i];
      row[i] = isSum ? row[i] : 0;
    }
    return product(matrix, combined);
  }

  /// Row by row; of two opposite rows the common part and the other one are added and subtracted.
  SmallVector<Value> byRows(const Matrix &matrix, ArrayRef<Value> values) {
    SmallVector<Value> results(matrix.size());
    for (size_t i = 0; i < matrix.size(); ++i) {
      if (results[i])
        continue;
      size_t j = i + 1;
      while (j < matrix.size() && !areOpposite(matrix[i], matrix[j]))
        ++j;
      if (j == matrix.size()) {
        results[i] = sum(matrix[i], values);
        continue;
      }
      SmallVector<double> same(matrix[i]), other(matrix[i]);
      for (size_t k = 0; k < values.size(); ++k)
        (matrix[i][k] == matrix[j][k] ? other : same)[k] = 0;
      Value common = sum(same, values), rest = sum(other, values);
      results[i] = arith::AddFOp::create(builder, loc, common, rest);
      results[j] = arith::SubFOp::create(builder, loc, common, rest);
    }
    return results;
  }

  Value sum(ArrayRef<double> row, ArrayRef<Value> values) {
    Value result;
    // Terms without a factor first: they need no multiplication.
    for (bool isPlain : {true, false})
      for (auto [factor, value] : llvm::zip_equal(row, values))
        if (factor != 0 && (std::abs(factor) == 1) == isPlain)
          result = result ? plus(result, factor, value) : times(factor, value);
    return result;
  }

  Value times(double factor, Value value) {
    return factor == 1 ? value : Value(arith::MulFOp::create(builder, loc, constant(factor, value.getType()), value));
  }

  Value plus(Value sum, double factor, Value value) {
    if (factor == 1)
      return arith::AddFOp::create(builder, loc, sum, value);
    if (factor == -1)
      return arith::SubFOp::create(builder, loc, sum, value);
    return math::FmaOp::create(builder, loc, constant(factor, value.getType()), value, sum);
  }

  Value constant(double value, Type type) {
    OpBuilder outermost = nest.at(0);
    auto scalar = FloatAttr::get(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(outermost, loc, DenseElementsAttr::get(vector, scalar.getValue()));
    return arith::ConstantOp::create(outermost, loc, scalar);
  }

  LoopNest &nest;
  OpBuilder builder;
  Location loc;
};

} // namespace

SmallVector<Value> kernel::emitTransform(LoopNest &nest, const Matrix &matrix, ValueRange values) {
  return TransformEmitter(nest).product(matrix, llvm::to_vector(values));
}

SmallVector<Value> kernel::emitTransform2D(LoopNest &nest, const Matrix &matrix, ValueRange values) {
  size_t rows = matrix.size(), edge = matrix[0].size();
  TransformEmitter emitter(nest);
  SmallVector<Value> half(rows * edge), result;
  for (size_t column = 0; column < edge; ++column) {
    SmallVector<Value> inputs;
    for (size_t i = 0; i < edge; ++i)
      inputs.push_back(values[i * edge + column]);
    for (auto [row, value] : llvm::enumerate(emitter.product(matrix, inputs)))
      half[row * edge + column] = value;
  }
  for (size_t row = 0; row < rows; ++row)
    llvm::append_range(result, emitter.product(matrix, ArrayRef(half).slice(row * edge, edge)));
  return result;
}
