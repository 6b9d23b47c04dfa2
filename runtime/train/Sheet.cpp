//===- Sheet.cpp - Sheets of pictures -------------------------------------===//
//
// Values are clamped to 0..1; tensors with three planes are in colour, of others
// the first plane is shown in grey.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Sheet.h"

#include "runtime/core/Error.h"
#include "runtime/files/AtomicFile.h"

#include <algorithm>
#include <cmath>
#include <png.h>

namespace nacre::runtime {

namespace {

/// The PNG file of an image, in memory.
std::vector<char> encodePng(const std::vector<uint8_t> &pixels, int64_t width, int64_t height, int64_t channels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<char> file(bytes);
  if (!png_image_write_to_memory(&image, file.data(), &bytes, 0, pixels.data(), 0, nullptr))
    internalError("a picture sheet could not be encoded: {}", image.message);
  file.resize(bytes);
  return file;
}

uint8_t brightness(double value) {
  if (!(value > 0)) // not a number is black, too
    return 0;
  return static_cast<uint8_t>(std::lround(std::min(value, 1.0) * 255));
}

} // namespace

bool Sheet::fits(const abi::Port &port) {
  if (port.shape.size() < 3 || port.shape.size() > 4)
    return false;
  int64_t rank = port.shape.size();
  int64_t tall = port.shape[rank - 2].size, wide = port.shape[rank - 1].size;
  int64_t deep = rank == 4 ? port.shape[1].size : 1;
  if (planes == 0) {
    height = tall, width = wide, planes = deep;
    channels = deep == 3 ? 3 : 1;
  }
  return height == tall && width == wide && planes == deep;
}

void Sheet::add(const Machine &machine, const abi::Entry &entry) {
  size_t show = 0;
  for (const abi::Port &port : entry.results) {
    if (std::string_view(port.kind) != "show" || !fits(port))
      continue;
    if (pictures.size() <= show)
      pictures.resize(show + 1);
    std::vector<Picture> &row = pictures[show++];
    for (int64_t i = 0; i < port.shape[0].size && static_cast<int64_t>(row.size()) < most; ++i)
      row.push_back(cut(machine, port, i));
  }
}

Sheet::Picture Sheet::cut(const Machine &machine, const abi::Port &port, int64_t index) const {
  DType dtype = tableDType(port.dtype);
  int64_t plane = height * width, count = planes * plane;
  std::vector<double> values(count);
  convertElements(values.data(), DType::F64, machine.read(port) + index * count * dtypeBytes(dtype), dtype, count);
  double scale = dtype == DType::U8 ? 1.0 / 255 : 1.0;
  Picture picture(channels * plane);
  for (int64_t pixel = 0; pixel < plane; ++pixel)
    for (int64_t c = 0; c < channels; ++c)
      picture[pixel * channels + c] = brightness(values[c * plane + pixel] * scale);
  return picture;
}

void Sheet::paste(const Picture &picture, int64_t row, int64_t column, int64_t stride,
                  std::vector<uint8_t> &sheet) const {
  int64_t top = padding + row * (height + padding), left = padding + column * (width + padding);
  for (int64_t y = 0; y < height; ++y)
    std::copy_n(picture.begin() + y * width * channels, width * channels,
                sheet.begin() + (top + y) * stride + left * channels);
}

void Sheet::write(const std::string &path) const {
  int64_t shows = pictures.size(), count = pictures[0].size();
  int64_t across = std::min(columns, count), groups = (count + columns - 1) / columns;
  int64_t sheetWidth = padding + across * (width + padding);
  int64_t sheetHeight = padding + groups * shows * (height + padding);
  std::vector<uint8_t> sheet(sheetWidth * sheetHeight * channels, 0);
  for (int64_t show = 0; show < shows; ++show)
    for (int64_t i = 0; i < static_cast<int64_t>(pictures[show].size()); ++i)
      paste(pictures[show][i], i / columns * shows + show, i % columns, sheetWidth * channels, sheet);
  AtomicFile file(path);
  file.write(encodePng(sheet, sheetWidth, sheetHeight, channels));
  file.commit(/*durable=*/false);
}

} // namespace nacre::runtime
