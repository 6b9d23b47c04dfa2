//===- ConvNests.h - Convolution nests as text ------------------*- C++ -*-===//
#pragma once

#include <array>
#include <string>
#include <vector>

namespace nacre::test {

struct ConvCase {
  int64_t n = 1, c = 1, k = 1, h = 1, w = 1, r = 3, s = 3;
  std::array<int64_t, 2> stride = {1, 1}, low = {1, 1}, high = {1, 1}, dilation = {1, 1}, spread = {1, 1};
  std::string layout = ", #fused.layout<[0, 2, 3, 1]>", element = "f32";
  std::string stored = ""; ///< Images and weights in memory; empty: as `element`.
  int64_t parts = 2, groups = 1;
  std::string schedule = {};  ///< "vectors = 2, rows = 5"; empty for none.
  int64_t winograd = 0;       ///< Edge of a tile of Winograd's method; 0: direct.
  bool isTransformed = false; ///< Whether the weight is given in the Winograd domain.
  /// A GELU and a per-channel affine map on the operand, instead of a square.
  bool hasActivation = false;
  bool isPlain = false; ///< Nothing on the operands.

  int64_t p() const { return ((h - 1) * spread[0] + 1 + low[0] + high[0] - dilation[0] * (r - 1) - 1) / stride[0] + 1; }
  int64_t q() const { return ((w - 1) * spread[1] + 1 + low[1] + high[1] - dilation[1] * (s - 1) - 1) / stride[1] + 1; }
  std::string describe() const;
};

/// y = conv(f(x)) + bias, and a residual x' * y of y's shape.
std::string forwardNest(const ConvCase &c);
/// dw of f(x) and 2 * dy.
std::string weightGradientNest(const ConvCase &c);

/// A product of matrices, or several: images of one pixel.
struct ProductCase {
  int64_t rows, columns, length, groups = 1;
  std::vector<int64_t> axes, shape; ///< Of the result, as in `indexed`.
  bool isTransposed = false;        ///< The operand, in memory.
  std::string element = "f32";

  std::string describe() const;
};

/// f(x) * w plus what is added to each element.
std::string productNest(const ProductCase &c);

} // namespace nacre::test
