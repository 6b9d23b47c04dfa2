//===- Resize.h - Images of another size ------------------------*- C++ -*-===//
//
// Bilinear resizing as Pillow does it: a triangle as wide as the pixels of the
// smaller image, so that shrinking averages.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Source.h"

namespace nacre::runtime {

/// `image` is a u8 image [C, H, W].
void resize(Item &image, int64_t height, int64_t width);

} // namespace nacre::runtime
