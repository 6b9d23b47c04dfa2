//===- ImageOps.cpp - Operations on images --------------------------------===//
//
// Windows, also resized, and mirror images.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/ImageOps.h"

#include "runtime/core/Error.h"
#include "runtime/data/Resize.h"

#include <algorithm>
#include <cmath>

namespace nacre::runtime {

namespace {

/// The window of `image` whose corner lies at (top, left); what lies outside is 0.
void cut(Item &image, int64_t rows, int64_t columns, int64_t top, int64_t left) {
  int64_t channels = image.shape[0], height = image.shape[1], width = image.shape[2];
  std::vector<char> window(channels * rows * columns, 0);
  int64_t first = std::max<int64_t>(0, -left), last = std::min(columns, width - left);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t y = 0; y < rows; ++y) {
      int64_t row = top + y;
      if (row < 0 || row >= height || first >= last)
        continue;
      const char *from = image.bytes.data() + (c * height + row) * width + left;
      std::copy(from + first, from + last, window.data() + (c * rows + y) * columns + first);
    }
  image.bytes = std::move(window);
  image.shape = {channels, rows, columns};
}

class Crop final : public Operation {
public:
  Crop(int64_t size, int64_t pad) : size(size), pad(pad) {}

  std::vector<int64_t> shapeAfter(const std::vector<int64_t> &shape) const override {
    if (std::min(shape[1], shape[2]) + 2 * pad < size)
      userError("crop({}, pad = {}) does not fit an image of {} x {}", size, pad, shape[1], shape[2]);
    return {shape[0], size, size};
  }

  void apply(Sample &sample, KeyedRandom &random) const override {
    Item &image = imageOf(sample, "crop");
    shapeAfter(image.shape);
    int64_t rows = image.shape[1] + 2 * pad - size, columns = image.shape[2] + 2 * pad - size;
    int64_t top = random.below(rows + 1), left = random.below(columns + 1);
    cut(image, size, size, top - pad, left - pad);
  }

private:
  int64_t size, pad;
};

class CenterCrop final : public Operation {
public:
  explicit CenterCrop(int64_t size) : size(size) {}

  std::vector<int64_t> shapeAfter(const std::vector<int64_t> &shape) const override { return {shape[0], size, size}; }

  void apply(Sample &sample, KeyedRandom &) const override {
    Item &image = imageOf(sample, "center_crop");
    cut(image, size, size, border(image.shape[1]), border(image.shape[2]));
  }

private:
  /// Halves are rounded to even as torchvision does it.
  int64_t border(int64_t extent) const {
    int64_t both = extent - size;
    return both < 0 ? both / 2 : std::lrint(static_cast<double>(both) / 2);
  }

  int64_t size;
};

class RandomResizedCrop final : public Operation {
public:
  explicit RandomResizedCrop(int64_t size) : size(size) {}

  std::vector<int64_t> shapeAfter(const std::vector<int64_t> &shape) const override { return {shape[0], size, size}; }

  void apply(Sample &sample, KeyedRandom &random) const override {
    Item &image = imageOf(sample, "random_resized_crop");
    int64_t height = image.shape[1], width = image.shape[2];
    auto [rows, columns, top, left] = windowOf(height, width, random);
    cut(image, rows, columns, top, left);
    resize(image, size, size);
  }

private:
  struct Window {
    int64_t rows, columns, top, left;
  };

  static Window windowOf(int64_t height, int64_t width, KeyedRandom &random) {
    constexpr double leastArea = 0.08, widest = 4.0 / 3.0;
    constexpr int attempts = 10;
    auto area = static_cast<double>(height * width);
    for (int i = 0; i < attempts; ++i) {
      double part = area * (leastArea + (1 - leastArea) * random.uniform());
      double ratio = std::exp(std::log(widest) * (2 * random.uniform() - 1));
      int64_t columns = std::lrint(std::sqrt(part * ratio)), rows = std::lrint(std::sqrt(part / ratio));
      if (columns > 0 && columns <= width && rows > 0 && rows <= height) {
        int64_t top = random.below(height - rows + 1), left = random.below(width - columns + 1);
        return {rows, columns, top, left};
      }
    }
    // The middle, with as much as sides of 3:4 to 4:3 allow.
    int64_t columns = std::min(width, std::lrint(static_cast<double>(height) * widest));
    int64_t rows = std::min(height, std::lrint(static_cast<double>(width) * widest));
    return {rows, columns, (height - rows) / 2, (width - columns) / 2};
  }

  int64_t size;
};

class Flip final : public Operation {
public:
  explicit Flip(double probability) : probability(probability) {}

  void apply(Sample &sample, KeyedRandom &random) const override {
    Item &image = imageOf(sample, "flip");
    if (random.uniform() >= probability)
      return;
    int64_t width = image.shape[2];
    for (auto row = image.bytes.begin(); row != image.bytes.end(); row += width)
      std::reverse(row, row + width);
  }

private:
  double probability;
};

} // namespace

Item &imageOf(Sample &sample, std::string_view operation) {
  if (sample.empty() || sample[0].shape.size() != 3 ||
      static_cast<int64_t>(sample[0].bytes.size()) != sample[0].shape[0] * sample[0].shape[1] * sample[0].shape[2])
    userError("{} needs a u8 image [C, H, W] as the first field", operation);
  return sample[0];
}

std::unique_ptr<Operation> makeCrop(int64_t size, int64_t pad) {
  if (pad < 0)
    userError("crop({}, pad = {}): pad must not be negative", size, pad);
  return std::make_unique<Crop>(size, pad);
}
std::unique_ptr<Operation> makeCenterCrop(int64_t size) { return std::make_unique<CenterCrop>(size); }
std::unique_ptr<Operation> makeRandomResizedCrop(int64_t size) { return std::make_unique<RandomResizedCrop>(size); }
std::unique_ptr<Operation> makeFlip(double probability) {
  if (!(probability >= 0 && probability <= 1))
    userError("flip(p = {}): a probability lies in 0..1", probability);
  return std::make_unique<Flip>(probability);
}

} // namespace nacre::runtime
