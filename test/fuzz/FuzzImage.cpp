//===- FuzzImage.cpp - Any bytes as a JPEG or PNG file --------------------===//
//
// Decoding ends in a UserError or in an image with all its pixels.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Error.h"
#include "runtime/files/Image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace nacre::runtime;
  constexpr int64_t fewPixels = 1 << 20; // for speed
  try {
    Image image = decodeImage({data, size}, "file", fewPixels);
    if (static_cast<int64_t>(image.pixels.size) != 3 * image.height * image.width)
      __builtin_trap();
  } catch (const UserError &) {
  }
  return 0;
}
