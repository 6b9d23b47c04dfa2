//===- Image.h - JPEG and PNG files -----------------------------*- C++ -*-===//
//
// Decodes images to 8 bits for each of red, green and blue, with the values that
// Pillow gives for convert("RGB"): neither colour profiles, gamma, transparency
// nor tags of orientation count.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>

#include "runtime/files/Bytes.h"

namespace nacre::runtime {

struct Image {
  int64_t height = 0, width = 0;
  Bytes pixels; ///< rows of pixels of three bytes
};

constexpr int64_t mostPixels = int64_t(1) << 27;

/// Throws a UserError that names the file unless it is a whole JPEG or PNG file of at most `limit` pixels.
Image decodeImage(std::span<const uint8_t> file, const std::string &name, int64_t limit = mostPixels);

bool isJpeg(std::span<const uint8_t> file);
bool isPng(std::span<const uint8_t> file);
Image decodeJpeg(std::span<const uint8_t> file, const std::string &name, int64_t limit);
Image decodePng(std::span<const uint8_t> file, const std::string &name, int64_t limit);

/// Memory for an image of this size, unless it is beyond the limit.
Image makeImage(int64_t height, int64_t width, const std::string &name, int64_t limit);

[[noreturn]] void failToDecode(const std::string &name, const char *why);

} // namespace nacre::runtime
