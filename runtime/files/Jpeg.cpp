//===- Jpeg.cpp - JPEG files ----------------------------------------------===//
//
// libjpeg leaves by a jump when it finds an error. No function that it may leave so
// has objects to destroy.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/Image.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio> // jpeglib.h needs it

#include <jpeglib.h> // jerror.h needs it

#include <jerror.h>

namespace nacre::runtime {

namespace {

class JpegDecoder {
public:
  JpegDecoder() {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr common) { of(common).fail(); };
    errors.emit_message = [](j_common_ptr common, int level) {
      if (level < 0 && losesPixels(common->err->msg_code))
        of(common).fail();
    };
    progress.progress_monitor = [](j_common_ptr common) { of(common).limitScans(); };
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info); }
  JpegDecoder(const JpegDecoder &) = delete;
  JpegDecoder &operator=(const JpegDecoder &) = delete;

  bool readHeader(std::span<const uint8_t> file) {
    if (setjmp(failed))
      return false;
    jpeg_create_decompress(&info);
    info.progress = &progress;
    jpeg_mem_src(&info, file.data(), file.size());
    jpeg_read_header(&info, TRUE);
    bool fourInks = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = fourInks ? JCS_CMYK : JCS_RGB;
    jpeg_calc_output_dimensions(&info);
    return true;
  }

  /// `row` has room for a row of four bytes for each pixel.
  bool readPixels(uint8_t *to, uint8_t *row) {
    if (setjmp(failed))
      return false;
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
      uint8_t *line = to + size_t(info.output_scanline) * info.output_width * 3;
      JSAMPROW target = info.out_color_space == JCS_RGB ? line : row;
      jpeg_read_scanlines(&info, &target, 1);
      if (target == row)
        mixInks(row, line);
    }
    jpeg_finish_decompress(&info);
    return true;
  }

  jpeg_decompress_struct info{};
  char message[JMSG_LENGTH_MAX] = "";

private:
  static JpegDecoder &of(j_common_ptr common) { return *static_cast<JpegDecoder *>(common->client_data); }

  /// Other warnings are about what surrounds the pixels.
  static bool losesPixels(int warning) {
    constexpr int losses[] = {JWRN_JPEG_EOF, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_ARITH_BAD_CODE,
                              JWRN_MUST_RESYNC};
    return std::find(std::begin(losses), std::end(losses), warning) != std::end(losses);
  }

  [[noreturn]] void fail() {
    errors.format_message(reinterpret_cast<j_common_ptr>(&info), message);
    std::longjmp(failed, 1);
  }

  /// Thousands of scans over a large image take minutes, and only damaged or hostile files have them.
  void limitScans() {
    constexpr int mostScans = 500;
    if (info.input_scan_number <= mostScans)
      return;
    std::snprintf(message, sizeof(message), "it has too many scans");
    std::longjmp(failed, 1);
  }

  /// Inks are stored the other way round, as Adobe does: 255 is none.
  void mixInks(const uint8_t *row, uint8_t *line) const {
    for (JDIMENSION x = 0; x < info.output_width; ++x)
      for (int c = 0; c < 3; ++c) {
        int light = row[4 * x + 3], ink = (255 - row[4 * x + c]) * light + 128;
        line[3 * x + c] = static_cast<uint8_t>(light - (((ink >> 8) + ink) >> 8));
      }
  }

  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf failed;
};

} // namespace

bool isJpeg(std::span<const uint8_t> file) { return file.size() > 2 && file[0] == 0xff && file[1] == 0xd8; }

Image decodeJpeg(std::span<const uint8_t> file, const std::string &name, int64_t limit) {
  JpegDecoder decoder;
  if (!decoder.readHeader(file))
    failToDecode(name, decoder.message);
  Image image = makeImage(decoder.info.output_height, decoder.info.output_width, name, limit);
  Bytes row(4 * image.width);
  if (!decoder.readPixels(image.pixels.data.get(), row.data.get()))
    failToDecode(name, decoder.message);
  return image;
}

} // namespace nacre::runtime
