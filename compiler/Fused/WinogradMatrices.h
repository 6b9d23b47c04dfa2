//===- WinogradMatrices.h - Minimal filtering, as matrices ------*- C++ -*-===//
//
// F(m, r): m outputs y of a filter g with r taps from a = m + r - 1 inputs d, with a
// multiplications: y = output ((weight g) * (input d)). S. Winograd, Arithmetic
// Complexity of Computations, 1980; for convolutions A. Lavin and S. Gray,
// arXiv 1509.09308, where the matrices are called A^T, G and B^T.
//
// By transposition the gradient of the filter is
// dg = weight^T ((output^T dy) * (input d)).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/SmallVector.h"

namespace nacre::fused {

using Matrix = llvm::SmallVector<llvm::SmallVector<double>>;

struct WinogradMatrices {
  Matrix input;  ///< [a][a]
  Matrix weight; ///< [a][r]
  Matrix output; ///< [m][a]

  int64_t edge() const { return input.size(); }
};

/// The matrices of F(outputs, taps) for 4 or 6 inputs.
WinogradMatrices winogradMatrices(int64_t outputs, int64_t taps);

Matrix transposed(const Matrix &matrix);

} // namespace nacre::fused
