//===- Image.cpp - JPEG and PNG files -------------------------------------===//
//
// What a file is says its beginning, not its name.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/Image.h"

#include "runtime/core/Error.h"

namespace nacre::runtime {

void failToDecode(const std::string &name, const char *why) {
  userError("{} cannot be decoded: {}. Replace it, or remove it", name, why);
}

Image makeImage(int64_t height, int64_t width, const std::string &name, int64_t limit) {
  if (height * width > limit)
    failToDecode(name, fmt::format("{} x {} pixels are too many", width, height).c_str());
  return {height, width, Bytes(height * width * 3)};
}

Image decodeImage(std::span<const uint8_t> file, const std::string &name, int64_t limit) {
  if (isJpeg(file))
    return decodeJpeg(file, name, limit);
  if (isPng(file))
    return decodePng(file, name, limit);
  failToDecode(name, file.empty() ? "the file is empty" : "it is neither a JPEG nor a PNG file");
}

} // namespace nacre::runtime
