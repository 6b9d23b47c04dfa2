//===- WinogradMatrices.cpp - Minimal filtering, as matrices --------------===//
//
// The product of two polynomials is known by its values at enough points, one of
// which may be infinity (its leading coefficient). Filtering is the transposed of
// that. Opposite points let even and odd powers share their sums.
//
//===----------------------------------------------------------------------===//

#include "Fused/WinogradMatrices.h"

#include <cassert>
#include <cmath>

using namespace nacre::fused;
using llvm::ArrayRef;
using llvm::SmallVector;

/// The finite points for `inputs` inputs: 0 and pairs. With 5/8 and 3/2 instead of the usual 1 and 2 the error of F(4,
/// 3) is half as large; both are exact in binary, and so is `input`.
static SmallVector<double> pointsFor(int64_t inputs) {
  SmallVector<double> points = {0};
  for (double point : inputs == 4 ? SmallVector<double>{1} : SmallVector<double>{5.0 / 8, 3.0 / 2})
    points.append({point, -point});
  assert(int64_t(points.size()) == inputs - 1 && "no points for this number of inputs");
  return points;
}

/// Coefficients, from the constant on, of the product of all (x - p) but that of number `without`.
static SmallVector<double> polynomial(ArrayRef<double> points, size_t without) {
  SmallVector<double> coefficients = {1};
  for (size_t i = 0; i < points.size(); ++i) {
    if (i == without)
      continue;
    coefficients.push_back(0);
    for (size_t k = coefficients.size() - 1; k > 0; --k)
      coefficients[k] = coefficients[k - 1] - points[i] * coefficients[k];
    coefficients[0] *= -points[i];
  }
  return coefficients;
}

static double largest(ArrayRef<double> row) {
  double size = 0;
  for (double value : row)
    size = std::max(size, std::abs(value));
  return size;
}

/// Moves a power of two from each row of `input` and `weight` to `output`, so that values in between are of one size.
static void balance(WinogradMatrices &matrices) {
  for (int64_t i = 0; i < matrices.edge(); ++i)
    for (Matrix *matrix : {&matrices.input, &matrices.weight}) {
      double scale = std::exp2(std::round(std::log2(largest((*matrix)[i]))));
      for (double &value : (*matrix)[i])
        value /= scale;
      for (SmallVector<double> &row : matrices.output)
        row[i] *= scale;
    }
}

WinogradMatrices nacre::fused::winogradMatrices(int64_t outputs, int64_t taps) {
  int64_t inputs = outputs + taps - 1;
  SmallVector<double> points = pointsFor(inputs);
  WinogradMatrices matrices;
  matrices.output.assign(outputs, SmallVector<double>(inputs, 0));
  for (int64_t i = 0; i < inputs; ++i) {
    bool isInfinity = i == inputs - 1;
    matrices.input.push_back(polynomial(points, i));
    matrices.input.back().resize(inputs, 0);
    double distance = 1;
    for (int64_t j = 0; j < inputs - 1 && !isInfinity; ++j)
      distance *= j == i ? 1 : points[i] - points[j];
    auto power = [&](int64_t exponent, int64_t last) {
      return isInfinity ? double(exponent == last) : std::pow(points[i], double(exponent));
    };
    SmallVector<double> weight;
    for (int64_t k = 0; k < taps; ++k)
      weight.push_back(power(k, taps - 1) / distance);
    matrices.weight.push_back(weight);
    for (int64_t k = 0; k < outputs; ++k)
      matrices.output[k][i] = power(k, outputs - 1);
  }
  balance(matrices);
  return matrices;
}

Matrix nacre::fused::transposed(const Matrix &matrix) {
  Matrix result(matrix[0].size(), SmallVector<double>(matrix.size()));
  for (size_t i = 0; i < matrix.size(); ++i)
    for (size_t j = 0; j < matrix[i].size(); ++j)
      result[j][i] = matrix[i][j];
  return result;
}
