//===- Gzip.cpp - Compressed files ----------------------------------------===//
//
// The size at the end of a file is only a hint: members follow each other, and
// damaged files lie. What bounds the memory is how far deflate can compress.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/Gzip.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cstring>
#include <libdeflate.h>

namespace nacre::runtime {

namespace {

constexpr size_t greatestRatio = 1032; // of deflate: 258 bytes for 2 bits
constexpr size_t trailerBytes = 8;     // checksum and size of a member

struct Decompressor {
  libdeflate_decompressor *handle = libdeflate_alloc_decompressor();
  ~Decompressor() { libdeflate_free_decompressor(handle); }
};

size_t sizeHint(std::span<const uint8_t> file) {
  uint32_t size;
  std::memcpy(&size, file.data() + file.size() - sizeof(size), sizeof(size));
  return size;
}

void grow(Bytes &bytes, size_t used, size_t size) {
  Bytes larger(size);
  std::memcpy(larger.data.get(), bytes.data.get(), used);
  bytes = std::move(larger);
}

} // namespace

bool isGzip(std::span<const uint8_t> file) { return file.size() > 2 && file[0] == 0x1f && file[1] == 0x8b; }

Bytes inflateGzip(std::span<const uint8_t> file, std::string_view name) {
  constexpr size_t smallest = 10 + trailerBytes;
  if (file.size() < smallest)
    userError("{} is cut short: {} bytes are no gzip file", name, file.size());
  size_t limit = file.size() * greatestRatio;
  Bytes result(std::min(limit, sizeHint(file) + 1));
  size_t used = 0;
  Decompressor decompressor;
  while (!file.empty()) {
    size_t in = 0, out = 0;
    auto status = libdeflate_gzip_decompress_ex(decompressor.handle, file.data(), file.size(), result.data.get() + used,
                                                result.size - used, &in, &out);
    if (status == LIBDEFLATE_INSUFFICIENT_SPACE && result.size < limit) {
      grow(result, used, std::min(limit, result.size * 2 + 4096));
      continue;
    }
    if (status != LIBDEFLATE_SUCCESS)
      userError("{} is damaged or cut short: it does not inflate", name);
    used += out;
    file = file.subspan(in);
    if (std::all_of(file.begin(), file.end(), [](uint8_t byte) { return byte == 0; }))
      break; // padding
  }
  result.size = used;
  return result;
}

} // namespace nacre::runtime
