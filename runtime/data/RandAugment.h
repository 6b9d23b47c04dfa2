//===- RandAugment.h - Random changes of images -----------------*- C++ -*-===//
//
// The fourteen changes of RandAugment (Cubuk et al. 2020), byte for byte as
// torchvision makes them of Pillow's images, with nearest pixels and black borders.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Source.h"

namespace nacre::runtime {

enum class Change {
  Identity,
  ShearX,
  ShearY,
  TranslateX,
  TranslateY,
  Rotate,
  Brightness,
  Color,
  Contrast,
  Sharpness,
  Posterize,
  Solarize,
  AutoContrast,
  Equalize,
};
constexpr int changeCount = 14;

constexpr int greatestMagnitude = 30;

/// How strong a change is, in its own unit, at a magnitude of 0..30.
double strengthOf(Change change, int magnitude, int64_t height, int64_t width);

/// Whether it is as often made with the negative strength.
bool isSigned(Change change);

/// `image` is a u8 image [C, H, W] with 1 or 3 channels.
void makeChange(Item &image, Change change, double strength);

/// So many changes, each drawn from all, one after the other.
std::unique_ptr<Operation> makeRandAugment(int64_t changes, int64_t magnitude);

} // namespace nacre::runtime
