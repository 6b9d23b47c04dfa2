//===- ImageOps.h - Operations on images ------------------------*- C++ -*-===//
//
// What may be done to the first field of a sample, a u8 image [C, H, W].
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Source.h"

namespace nacre::runtime {

/// The image of the sample. Throws a UserError if its first field is none.
Item &imageOf(Sample &sample, std::string_view operation);

/// Brightness as Pillow weighs the colours.
inline uint8_t grey(int red, int green, int blue) {
  return static_cast<uint8_t>((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);
}

/// A window of size x size at a random place of the image, which is first padded with zeros.
std::unique_ptr<Operation> makeCrop(int64_t size, int64_t pad);
/// The window in the middle.
std::unique_ptr<Operation> makeCenterCrop(int64_t size);
/// A window at a random place with 8 to 100 % of the area and sides of 3:4 to 4:3, resized to size x size.
std::unique_ptr<Operation> makeRandomResizedCrop(int64_t size);
/// Left and right exchanged, with this probability.
std::unique_ptr<Operation> makeFlip(double probability);

} // namespace nacre::runtime
