//===- Resize.cpp - Images of another size --------------------------------===//
//
// One pass along the rows, one along the columns; the image between them has 8 bits,
// too. Weights are fixed-point numbers.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Resize.h"

#include <algorithm>
#include <cmath>

namespace nacre::runtime {

namespace {

constexpr int fractionBits = 22;

/// The pixels from which a new one is mixed.
struct Window {
  int64_t first;
  std::vector<int32_t> weights;
};

std::vector<Window> windows(int64_t from, int64_t to) {
  double scale = static_cast<double>(from) / to, reach = std::max(scale, 1.0);
  std::vector<Window> result;
  for (int64_t i = 0; i < to; ++i) {
    double center = (i + 0.5) * scale;
    auto first = std::max<int64_t>(0, static_cast<int64_t>(center - reach + 0.5));
    auto last = std::min(from, static_cast<int64_t>(center + reach + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t x = first; x < last; ++x) {
      weights.push_back(std::max(0.0, 1 - std::abs((x - center + 0.5) * (1 / reach))));
      sum += weights.back();
    }
    Window window{first, {}};
    for (double weight : weights)
      window.weights.push_back(static_cast<int32_t>(0.5 + weight / sum * (1 << fractionBits)));
    result.push_back(std::move(window));
  }
  return result;
}

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> fractionBits, 0, 255)); }

constexpr int32_t half = 1 << (fractionBits - 1);

void resizeRow(const uint8_t *from, const std::vector<Window> &columns, uint8_t *to) {
  for (const Window &window : columns) {
    int32_t sum = half;
    for (size_t i = 0; i < window.weights.size(); ++i)
      sum += from[window.first + i] * window.weights[i];
    *to++ = rounded(sum);
  }
}

/// The row that `window` mixes from the rows of a plane.
void mixRows(const uint8_t *plane, int64_t width, const Window &window, std::vector<int32_t> &sums, uint8_t *to) {
  sums.assign(width, half);
  for (size_t i = 0; i < window.weights.size(); ++i) {
    const uint8_t *row = plane + (window.first + i) * width;
    for (int64_t x = 0; x < width; ++x)
      sums[x] += row[x] * window.weights[i];
  }
  std::transform(sums.begin(), sums.end(), to, rounded);
}

} // namespace

void resize(Item &image, int64_t height, int64_t width) {
  int64_t channels = image.shape[0], oldHeight = image.shape[1], oldWidth = image.shape[2];
  if (width != oldWidth) {
    std::vector<Window> columns = windows(oldWidth, width);
    std::vector<char> resized(channels * oldHeight * width);
    for (int64_t row = 0; row < channels * oldHeight; ++row)
      resizeRow(reinterpret_cast<const uint8_t *>(image.bytes.data()) + row * oldWidth, columns,
                reinterpret_cast<uint8_t *>(resized.data()) + row * width);
    image.bytes = std::move(resized);
  }
  if (height != oldHeight) {
    std::vector<Window> rows = windows(oldHeight, height);
    std::vector<char> resized(channels * height * width);
    std::vector<int32_t> sums;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t y = 0; y < height; ++y)
        mixRows(reinterpret_cast<const uint8_t *>(image.bytes.data()) + c * oldHeight * width, width, rows[y], sums,
                reinterpret_cast<uint8_t *>(resized.data()) + (c * height + y) * width);
    image.bytes = std::move(resized);
  }
  image.shape = {channels, height, width};
}

} // namespace nacre::runtime
