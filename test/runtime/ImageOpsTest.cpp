//===- ImageOpsTest.cpp - Operations on images ----------------------------===//
//
// Windows, mirror images and RandAugment, whose changes have to give the bytes that
// torchvision and Pillow give: rand_augment.json has them for magnitude 14.
//
//===----------------------------------------------------------------------===//
#include "Samples.h"

#include "runtime/data/ImageOps.h"
#include "runtime/data/RandAugment.h"

#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

namespace nacre::runtime::test {
namespace {

Sample image(std::vector<int64_t> shape, std::vector<char> bytes) { return {Item{std::move(shape), std::move(bytes)}}; }

TEST(ImageOps, FlipMirrorsRows) {
  KeyedRandom random(1);
  Sample sample = image({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  makeFlip(1)->apply(sample, random);
  EXPECT_EQ(sample[0].bytes, (std::vector<char>{3, 2, 1, 6, 5, 4}));
  makeFlip(0)->apply(sample, random);
  EXPECT_EQ(sample[0].bytes, (std::vector<char>{3, 2, 1, 6, 5, 4}));
}

TEST(ImageOps, RefuseArgumentsOutOfRange) {
  expectError([] { makeFlip(2); }, "flip(p = 2): a probability lies in 0..1");
  expectError([] { makeFlip(std::nan("")); }, "a probability lies in 0..1");
  expectError([] { makeCrop(2, -1); }, "crop(2, pad = -1): pad must not be negative");
}

TEST(ImageOps, CropTakesEveryWindowOfThePaddedImage) {
  std::set<std::vector<char>> windows;
  for (uint64_t key = 0; key < 200; ++key) {
    KeyedRandom random(key);
    Sample sample = image({1, 2, 2}, {1, 2, 3, 4});
    makeCrop(2, 1)->apply(sample, random);
    windows.insert(sample[0].bytes);
  }
  EXPECT_EQ(windows.size(), 9u);
  EXPECT_TRUE(windows.contains({0, 0, 0, 1}));
  EXPECT_TRUE(windows.contains({1, 2, 3, 4}));
}

TEST(ImageOps, CenterCropTakesTheMiddle) {
  KeyedRandom random(1);
  Sample sample = image({1, 4, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  makeCenterCrop(2)->apply(sample, random);
  EXPECT_EQ(sample[0].bytes, (std::vector<char>{5, 6, 9, 10}));
}

TEST(ImageOps, CenterCropRoundsHalvesToEven) {
  KeyedRandom random(1);
  for (auto [width, left] : {std::pair(3, 0), {5, 2}, {7, 2}, {9, 4}}) { // in torchvision, too
    std::vector<char> row(width);
    std::iota(row.begin(), row.end(), 0);
    Sample sample = image({1, 1, width}, std::move(row));
    makeCenterCrop(2)->apply(sample, random);
    EXPECT_EQ(sample[0].bytes[0], left) << width;
  }
}

TEST(ImageOps, RandomResizedCropsHaveTheirSizeAndLieInside) {
  for (auto [height, width] : {std::pair<int64_t, int64_t>(40, 50), {1, 100}, {100, 1}, {7, 7}}) {
    std::set<std::vector<char>> results;
    for (uint64_t key = 0; key < 50; ++key) {
      KeyedRandom random(key);
      std::vector<char> bytes(height * width);
      for (int64_t i = 0; i < height * width; ++i)
        bytes[i] = static_cast<char>(1 + i % 250); // a black pixel would come from outside
      Sample sample = image({1, height, width}, std::move(bytes));
      makeRandomResizedCrop(8)->apply(sample, random);
      EXPECT_EQ(sample[0].shape, (std::vector<int64_t>{1, 8, 8}));
      EXPECT_EQ(std::count(sample[0].bytes.begin(), sample[0].bytes.end(), 0), 0);
      results.insert(sample[0].bytes);
    }
    EXPECT_GT(results.size(), height * width == 100 ? 0u : 10u);
  }
}

constexpr int64_t side = 32;

/// The image the golden file was made of.
Item goldenImage() {
  Item result{{3, side, side}, {}};
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t y = 0; y < side; ++y)
      for (int64_t x = 0; x < side; ++x)
        result.bytes.push_back(static_cast<char>(x * 7 + y * 13 + c * 71 + x * y % 17 * 5));
  return result;
}

std::vector<char> decodeBase64(const std::string &text) {
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<char> result;
  uint32_t bits = 0;
  int count = 0;
  for (char letter : text) {
    if (letter == '=')
      break;
    bits = bits << 6 | static_cast<uint32_t>(letters.find(letter));
    if ((count += 6) >= 8)
      result.push_back(static_cast<char>(bits >> (count -= 8)));
  }
  return result;
}

/// The bytes of an entry of the golden file, planes first.
std::vector<char> goldenBytes(const nlohmann::json &entry) {
  std::vector<char> packed = decodeBase64(entry.at("pil_b64")), pixels(3 * side * side), planes;
  uLongf size = pixels.size();
  uncompress(reinterpret_cast<Bytef *>(pixels.data()), &size, reinterpret_cast<Bytef *>(packed.data()), packed.size());
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t i = 0; i < side * side; ++i)
      planes.push_back(pixels[3 * i + c]);
  return planes;
}

TEST(RandAugment, MakesTheChangesThatTorchvisionMakesWithPillow) {
  constexpr const char *names[] = {"Identity",  "ShearX",     "ShearY",       "TranslateX", "TranslateY",
                                   "Rotate",    "Brightness", "Color",        "Contrast",   "Sharpness",
                                   "Posterize", "Solarize",   "AutoContrast", "Equalize"};
  auto golden = nlohmann::json::parse(read(TEST_FILES "/runtime/rand_augment.json"));
  for (int number = 0; number < changeCount; ++number)
    for (int sign : {1, -1}) {
      auto change = static_cast<Change>(number);
      if (sign < 0 && !isSigned(change))
        continue;
      std::string key = std::string(names[number]) + (sign < 0 ? "-" : "+") + "/img";
      double strength = sign * strengthOf(change, 14, side, side);
      EXPECT_EQ(strength, golden.at(key).at("mag").get<double>()) << key;
      Item item = goldenImage();
      makeChange(item, change, strength);
      EXPECT_EQ(item.bytes, goldenBytes(golden[key])) << key;
    }
}

TEST(RandAugment, DrawsEveryChangeWithBothSigns) {
  std::set<std::vector<char>> results;
  for (uint64_t key = 0; key < 1000; ++key) {
    KeyedRandom random(key);
    Sample sample = {goldenImage()};
    makeRandAugment(1, 14)->apply(sample, random);
    results.insert(sample[0].bytes);
  }
  EXPECT_EQ(results.size(), 14u + 9u);
}

TEST(RandAugment, ChangesGreyImagesLikeColouredOnes) {
  Item coloured = goldenImage();
  coloured.bytes.resize(side * side);
  Item grey{{1, side, side}, coloured.bytes};
  for (int copies = 1; copies < 3; ++copies)
    coloured.bytes.insert(coloured.bytes.end(), grey.bytes.begin(), grey.bytes.end());
  for (int number = 0; number < changeCount; ++number) {
    auto change = static_cast<Change>(number);
    Item one = grey, three = coloured;
    double strength = strengthOf(change, 20, side, side);
    makeChange(one, change, strength);
    makeChange(three, change, strength);
    three.bytes.resize(side * side);
    EXPECT_EQ(one.bytes, three.bytes) << number;
  }
}

TEST(RandAugment, RefusesWhatItCannotDo) {
  expectError([] { makeRandAugment(2, 31); }, "rand_augment(ops = 2, magnitude = 31): ");
  expectError([] { makeRandAugment(-1, 3); }, "ops must not be negative");
  expectError([] { makeRandAugment(2, 9)->shapeAfter({4, 8, 8}); }, "this one has 4");
}

} // namespace
} // namespace nacre::runtime::test
