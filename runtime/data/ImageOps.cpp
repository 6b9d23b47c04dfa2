//===- ImageOps.cpp - Operations on images --------------------------------===//
//
// Windows and mirror images.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/ImageOps.h"

#include "runtime/core/Error.h"

#include <algorithm>

namespace nacre::runtime {

namespace {

Item &imageOf(Sample &sample, std::string_view operation) {
  if (sample.empty() || sample[0].shape.size() != 3 ||
      static_cast<int64_t>(sample[0].bytes.size()) != sample[0].shape[0] * sample[0].shape[1] * sample[0].shape[2])
    userError("{} needs a u8 image [C, H, W] as the first field", operation);
  return sample[0];
}

/// The size x size window of `image` whose corner lies at (top, left); what lies outside is 0.
void cut(Item &image, int64_t size, int64_t top, int64_t left) {
  int64_t channels = image.shape[0], height = image.shape[1], width = image.shape[2];
  std::vector<char> window(channels * size * size, 0);
  int64_t first = std::max<int64_t>(0, -left), last = std::min(size, width - left);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t y = 0; y < size; ++y) {
      int64_t row = top + y;
      if (row < 0 || row >= height || first >= last)
        continue;
      const char *from = image.bytes.data() + (c * height + row) * width + left;
      std::copy(from + first, from + last, window.data() + (c * size + y) * size + first);
    }
  image.bytes = std::move(window);
  image.shape = {channels, size, size};
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
    cut(image, size, top - pad, left - pad);
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
    cut(image, size, (image.shape[1] - size) / 2, (image.shape[2] - size) / 2);
  }

private:
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

std::unique_ptr<Operation> makeCrop(int64_t size, int64_t pad) { return std::make_unique<Crop>(size, pad); }
std::unique_ptr<Operation> makeCenterCrop(int64_t size) { return std::make_unique<CenterCrop>(size); }
std::unique_ptr<Operation> makeFlip(double probability) { return std::make_unique<Flip>(probability); }

} // namespace nacre::runtime
