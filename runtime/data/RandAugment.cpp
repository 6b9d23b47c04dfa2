//===- RandAugment.cpp - Random changes of images -------------------------===//
//
// Geometry is an affine map in fixed-point numbers; the rest are tables for each
// channel and mixtures with a plainer image.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/RandAugment.h"

#include "runtime/core/Error.h"
#include "runtime/data/ImageOps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

namespace nacre::runtime {

namespace {

/// Of each pixel the place (x, y) it is taken from: a x + b y + c and d x + e y + f.
struct Affine {
  double a = 1, b = 0, c = 0, d = 0, e = 1, f = 0;
};

struct Plane {
  uint8_t *pixels;
  int64_t height, width;

  uint8_t &at(int64_t y, int64_t x) const { return pixels[y * width + x]; }
  std::span<uint8_t> all() const { return {pixels, static_cast<size_t>(height * width)}; }
};

Plane planeOf(Item &image, int64_t channel) {
  int64_t height = image.shape[1], width = image.shape[2];
  return {reinterpret_cast<uint8_t *>(image.bytes.data()) + channel * height * width, height, width};
}

template <class Work> void eachPlane(Item &image, Work &&work) {
  for (int64_t channel = 0; channel < image.shape[0]; ++channel)
    work(planeOf(image, channel));
}

int64_t fixedPoint(double number) { return static_cast<int64_t>(std::floor(number * 65536 + 0.5)); }

/// Takes the pixel in which the centre of the new one lies; outside of the image there is black.
void transform(Item &image, const Affine &map) {
  constexpr int fractionBits = 16;
  Item before = image;
  int64_t acrossX = fixedPoint(map.a), downX = fixedPoint(map.b), acrossY = fixedPoint(map.d),
          downY = fixedPoint(map.e);
  int64_t startX = fixedPoint(map.c + map.a * 0.5 + map.b * 0.5);
  int64_t startY = fixedPoint(map.f + map.d * 0.5 + map.e * 0.5);
  for (int64_t channel = 0; channel < image.shape[0]; ++channel) {
    Plane from = planeOf(before, channel), to = planeOf(image, channel);
    for (int64_t y = 0; y < to.height; ++y)
      for (int64_t x = 0; x < to.width; ++x) {
        int64_t oldX = (startX + x * acrossX + y * downX) >> fractionBits;
        int64_t oldY = (startY + x * acrossY + y * downY) >> fractionBits;
        bool inside = oldX >= 0 && oldX < from.width && oldY >= 0 && oldY < from.height;
        to.at(y, x) = inside ? from.at(oldY, oldX) : 0;
      }
  }
}

/// Counter-clockwise around the middle.
void rotate(Item &image, double degrees) {
  double angle = -degrees * std::numbers::pi / 180, cosine = std::cos(angle), sine = std::sin(angle);
  double x = image.shape[2] / 2.0, y = image.shape[1] / 2.0;
  transform(image, {cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y});
}

/// `plain` + `factor` (`value` - `plain`), in the precision Pillow has.
uint8_t mix(int plain, int value, float factor) {
  return static_cast<uint8_t>(std::clamp(plain + factor * static_cast<float>(value - plain), 0.f, 255.f));
}

void brighten(Item &image, float factor) {
  eachPlane(image, [&](Plane plane) {
    for (uint8_t &pixel : plane.all())
      pixel = mix(0, pixel, factor);
  });
}

/// The brightness of the pixel at `i` of the first plane.
uint8_t greyAt(const Item &image, int64_t i) {
  int64_t plane = image.shape[1] * image.shape[2];
  auto *pixels = reinterpret_cast<const uint8_t *>(image.bytes.data());
  return image.shape[0] == 1 ? pixels[i] : grey(pixels[i], pixels[i + plane], pixels[i + 2 * plane]);
}

void color(Item &image, float factor) {
  int64_t plane = image.shape[1] * image.shape[2];
  auto *pixels = reinterpret_cast<uint8_t *>(image.bytes.data());
  for (int64_t i = 0; i < plane; ++i) {
    int plain = greyAt(image, i);
    for (int64_t c = 0; c < image.shape[0]; ++c)
      pixels[c * plane + i] = mix(plain, pixels[c * plane + i], factor);
  }
}

void contrast(Item &image, float factor) {
  int64_t plane = image.shape[1] * image.shape[2], sum = 0;
  for (int64_t i = 0; i < plane; ++i)
    sum += greyAt(image, i);
  int plain = static_cast<int>(static_cast<double>(sum) / static_cast<double>(plane) + 0.5);
  eachPlane(image, [&](Plane plane) {
    for (uint8_t &pixel : plane.all())
      pixel = mix(plain, pixel, factor);
  });
}

/// Mixes with the mean of 3 x 3 pixels, in which the middle counts five times. The border stays.
void sharpen(Item &image, float factor) {
  constexpr int weights = 13;
  Item before = image;
  for (int64_t channel = 0; channel < image.shape[0]; ++channel) {
    Plane from = planeOf(before, channel), to = planeOf(image, channel);
    for (int64_t y = 1; y + 1 < to.height; ++y)
      for (int64_t x = 1; x + 1 < to.width; ++x) {
        int sum = 4 * from.at(y, x);
        for (int64_t near = 0; near < 9; ++near)
          sum += from.at(y + near / 3 - 1, x + near % 3 - 1);
        to.at(y, x) = mix((2 * sum + weights) / (2 * weights), from.at(y, x), factor);
      }
  }
}

using Table = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

/// Replaces each value by what the table has for it.
template <class Value> void mapValues(Plane plane, Value &&valueOf) {
  Table table;
  for (int value = 0; value < 256; ++value)
    table[value] = static_cast<uint8_t>(std::clamp<int64_t>(valueOf(value), 0, 255));
  for (uint8_t &pixel : plane.all())
    pixel = table[pixel];
}

Histogram histogram(Plane plane) {
  Histogram counts{};
  for (uint8_t pixel : plane.all())
    ++counts[pixel];
  return counts;
}

/// Stretches the values to 0..255.
void autoContrast(Plane plane) {
  auto [least, most] = std::ranges::minmax(plane.all());
  if (least == most)
    return;
  double scale = 255.0 / (most - least), offset = -least * scale;
  mapValues(plane, [&](int value) { return static_cast<int64_t>(value * scale + offset); });
}

/// Spreads the values so that each range of them is as frequent as any other.
void equalize(Plane plane) {
  Histogram counts = histogram(plane);
  int64_t last = *std::find_if(counts.rbegin(), counts.rend(), [](int64_t count) { return count > 0; });
  int64_t step = (plane.height * plane.width - last) / 255;
  if (step == 0)
    return;
  int64_t before = step / 2;
  mapValues(plane, [&](int value) {
    int64_t result = before / step;
    before += counts[value];
    return result;
  });
}

/// The element of `from`..`to` in 31 equal steps, in the precision torch.linspace has.
double step(double from, double to, int magnitude) {
  auto first = static_cast<float>(from), last = static_cast<float>(to);
  double width = (last - first) / static_cast<float>(greatestMagnitude);
  return static_cast<float>(magnitude <= greatestMagnitude / 2 - 1 ? first + width * magnitude
                                                                   : last - width * (greatestMagnitude - magnitude));
}

class RandAugment final : public Operation {
public:
  RandAugment(int64_t changes, int64_t magnitude) : changes(changes), magnitude(static_cast<int>(magnitude)) {}

  std::vector<int64_t> shapeAfter(const std::vector<int64_t> &shape) const override {
    if (shape[0] != 1 && shape[0] != 3)
      userError("rand_augment needs an image with 1 or 3 channels, this one has {}", shape[0]);
    return shape;
  }

  void apply(Sample &sample, KeyedRandom &random) const override {
    Item &image = imageOf(sample, "rand_augment");
    shapeAfter(image.shape);
    for (int64_t i = 0; i < changes; ++i) {
      auto change = static_cast<Change>(random.below(changeCount));
      double strength = strengthOf(change, magnitude, image.shape[1], image.shape[2]);
      bool negative = isSigned(change) && random.below(2) == 1;
      makeChange(image, change, negative ? -strength : strength);
    }
  }

private:
  int64_t changes;
  int magnitude;
};

} // namespace

double strengthOf(Change change, int magnitude, int64_t height, int64_t width) {
  constexpr double widestShift = 150.0 / 331.0;
  switch (change) {
  case Change::ShearX:
  case Change::ShearY:
    return step(0, 0.3, magnitude);
  case Change::TranslateX:
    return step(0, widestShift * static_cast<double>(width), magnitude);
  case Change::TranslateY:
    return step(0, widestShift * static_cast<double>(height), magnitude);
  case Change::Rotate:
    return step(0, 30, magnitude);
  case Change::Brightness:
  case Change::Color:
  case Change::Contrast:
  case Change::Sharpness:
    return step(0, 0.9, magnitude);
  case Change::Posterize:
    return 8 - std::nearbyint(magnitude / 7.5);
  case Change::Solarize:
    return step(255, 0, magnitude);
  case Change::Identity:
  case Change::AutoContrast:
  case Change::Equalize:
    break;
  }
  return 0;
}

bool isSigned(Change change) { return change >= Change::ShearX && change <= Change::Sharpness; }

void makeChange(Item &image, Change change, double strength) {
  auto factor = static_cast<float>(1 + strength);
  switch (change) {
  case Change::Identity:
    return;
  case Change::ShearX:
    return transform(image, {.b = strength});
  case Change::ShearY:
    return transform(image, {.d = strength});
  case Change::TranslateX:
    return transform(image, {.c = -std::trunc(strength)});
  case Change::TranslateY:
    return transform(image, {.f = -std::trunc(strength)});
  case Change::Rotate:
    return rotate(image, strength);
  case Change::Brightness:
    return brighten(image, factor);
  case Change::Color:
    return color(image, factor);
  case Change::Contrast:
    return contrast(image, factor);
  case Change::Sharpness:
    return sharpen(image, factor);
  case Change::Posterize: {
    int mask = 255 << (8 - static_cast<int>(strength));
    return eachPlane(image, [&](Plane plane) { mapValues(plane, [&](int value) { return value & mask & 255; }); });
  }
  case Change::Solarize:
    return eachPlane(image, [&](Plane plane) {
      mapValues(plane, [&](int value) { return value < strength ? value : 255 - value; });
    });
  case Change::AutoContrast:
    return eachPlane(image, autoContrast);
  case Change::Equalize:
    return eachPlane(image, equalize);
  }
}

std::unique_ptr<Operation> makeRandAugment(int64_t changes, int64_t magnitude) {
  if (changes < 0 || magnitude < 0 || magnitude > greatestMagnitude)
    userError("rand_augment(ops = {}, magnitude = {}): ops must not be negative, magnitude is 0..{}", changes,
              magnitude, greatestMagnitude);
  return std::make_unique<RandAugment>(changes, magnitude);
}

} // namespace nacre::runtime
