//===- Png.cpp - PNG files ------------------------------------------------===//
//
// libpng leaves by a jump when it finds an error. No function that it may leave so
// has objects to destroy.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/Image.h"

#include <cstring>
#include <png.h>
#include <vector>

namespace nacre::runtime {

namespace {

class PngDecoder {
public:
  explicit PngDecoder(std::span<const uint8_t> file) : rest(file) {
    png = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp why) {
          auto *self = static_cast<PngDecoder *>(png_get_error_ptr(png));
          std::strncpy(self->message, why, sizeof(self->message) - 1);
          png_longjmp(png, 1);
        },
        [](png_structp, png_const_charp) {});
    info = png ? png_create_info_struct(png) : nullptr;
  }
  ~PngDecoder() { png_destroy_read_struct(&png, &info, nullptr); }
  PngDecoder(const PngDecoder &) = delete;
  PngDecoder &operator=(const PngDecoder &) = delete;

  bool readHeader() {
    if (!info || setjmp(png_jmpbuf(png)))
      return false;
    png_set_read_fn(png, this, [](png_structp png, png_bytep to, size_t size) {
      auto *self = static_cast<PngDecoder *>(png_get_io_ptr(png));
      if (size > self->rest.size())
        png_error(png, "it is cut short");
      std::memcpy(to, self->rest.data(), size);
      self->rest = self->rest.subspan(size);
    });
    png_read_info(png, info);
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
  }

  bool readPixels(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png)))
      return false;
    if (png_get_rowbytes(png, info) != 3 * static_cast<size_t>(png_get_image_width(png, info)))
      png_error(png, "its pixels are of an unknown kind");
    png_read_image(png, rows);
    png_read_end(png, nullptr);
    return true;
  }

  png_structp png = nullptr;
  png_infop info = nullptr;
  char message[200] = "";

private:
  std::span<const uint8_t> rest;
};

} // namespace

bool isPng(std::span<const uint8_t> file) {
  constexpr size_t markBytes = 8;
  return file.size() > markBytes && png_sig_cmp(file.data(), 0, markBytes) == 0;
}

Image decodePng(std::span<const uint8_t> file, const std::string &name, int64_t limit) {
  PngDecoder decoder(file);
  if (!decoder.readHeader())
    failToDecode(name, decoder.message);
  Image image = makeImage(png_get_image_height(decoder.png, decoder.info),
                          png_get_image_width(decoder.png, decoder.info), name, limit);
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < image.height; ++y)
    rows.push_back(image.pixels.data.get() + y * image.width * 3);
  if (!decoder.readPixels(rows.data()))
    failToDecode(name, decoder.message);
  return image;
}

} // namespace nacre::runtime
