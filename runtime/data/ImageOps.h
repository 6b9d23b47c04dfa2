//===- ImageOps.h - Operations on images ------------------------*- C++ -*-===//
//
// What may be done to the first field of a sample, a u8 image [C, H, W].
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Source.h"

namespace nacre::runtime {

/// A window of size x size at a random place of the image, which is first padded with zeros.
std::unique_ptr<Operation> makeCrop(int64_t size, int64_t pad);
/// The window in the middle.
std::unique_ptr<Operation> makeCenterCrop(int64_t size);
/// Left and right exchanged, with this probability.
std::unique_ptr<Operation> makeFlip(double probability);

} // namespace nacre::runtime
