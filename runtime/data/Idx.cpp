//===- Idx.cpp - IDX files, the format of the MNIST family ----------------===//
//
// An IDX file: two zero bytes, the element type, the number of axes, their sizes
// as big-endian 32-bit numbers, the elements.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Idx.h"

#include "runtime/core/Error.h"
#include "runtime/data/Resident.h"
#include "runtime/files/Gzip.h"

#include <algorithm>

namespace nacre::runtime {

namespace {

std::optional<DType> elementType(uint8_t code) {
  switch (code) {
  case 0x08:
    return DType::U8;
  case 0x09:
    return DType::I8;
  case 0x0B:
    return DType::I16;
  case 0x0C:
    return DType::I32;
  case 0x0D:
    return DType::F32;
  case 0x0E:
    return DType::F64;
  default:
    return std::nullopt;
  }
}

uint32_t bigEndian(const uint8_t *bytes) {
  return static_cast<uint32_t>(bytes[0]) << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/// The elements in the machine's byte order.
std::vector<uint8_t> swapped(const IdxArray &array) {
  std::vector<uint8_t> result(array.elements.begin(), array.elements.end());
  int64_t width = dtypeBytes(array.dtype);
  for (size_t i = 0; width > 1 && i < result.size(); i += width)
    std::reverse(result.begin() + i, result.begin() + i + width);
  return result;
}

bool isFieldShape(const std::vector<int64_t> &array, const Field &field) {
  auto withoutOnes = [](auto begin, auto end) {
    std::vector<int64_t> sizes;
    std::copy_if(begin, end, std::back_inserter(sizes), [](int64_t size) { return size != 1; });
    return sizes;
  };
  return withoutOnes(array.begin() + 1, array.end()) == withoutOnes(field.shape.begin(), field.shape.end());
}

ResidentField load(const std::string &path, const Field &field) {
  Bytes file = readFile(path);
  if (isGzip(file.view()))
    file = inflateGzip(file.view(), path);
  IdxArray array = parseIdx(file.view(), path);
  if (array.shape.empty() || !isFieldShape(array.shape, field))
    userError("{} holds an array of shape {}; the field {} needs [samples] and {}", path, shapeText(array.shape),
              field.name, shapeText(field.shape));
  if (isFloat(array.dtype) && !isFloat(field.dtype))
    userError("{} holds {} numbers; the field {} is {}", path, dtypeName(array.dtype), field.name,
              dtypeName(field.dtype));
  ResidentField result{{}, array.shape[0]};
  int64_t count = result.samples * field.elements;
  if (array.dtype == field.dtype && dtypeBytes(array.dtype) == 1) { // as in all of the MNIST family
    result.offset = array.elements.data() - file.data.get();
    result.bytes = std::move(file);
  } else {
    std::vector<uint8_t> native = swapped(array);
    result.bytes = Bytes(count * dtypeBytes(field.dtype));
    convertElements(result.bytes.data.get(), field.dtype, native.data(), array.dtype, count);
  }
  checkRange(field, result.sample(0, 0), count, path);
  return result;
}

} // namespace

IdxArray parseIdx(std::span<const uint8_t> file, const std::string &name) {
  if (file.size() < 4 || file[0] != 0 || file[1] != 0)
    userError("{} is not an IDX file", name);
  std::optional<DType> dtype = elementType(file[2]);
  if (!dtype)
    userError("{} is not an IDX file: there is no element type {:#04x}", name, file[2]);
  size_t rank = file[3], header = 4 + 4 * rank;
  if (file.size() < header)
    userError("{} is cut short: its header has {} of {} bytes", name, file.size(), header);
  IdxArray array{*dtype, {}, file.subspan(header)};
  unsigned __int128 bytes = dtypeBytes(*dtype);
  for (size_t axis = 0; axis < rank; ++axis) {
    array.shape.push_back(bigEndian(file.data() + 4 + 4 * axis));
    bytes = std::min<unsigned __int128>(bytes * array.shape.back(), UINT64_MAX);
  }
  if (bytes != array.elements.size())
    userError("{} is {}: shape {} of {} needs {} bytes, it has {}", name,
              bytes > array.elements.size() ? "cut short" : "too long", shapeText(array.shape), dtypeName(*dtype),
              static_cast<uint64_t>(bytes), array.elements.size());
  return array;
}

std::unique_ptr<Source> openIdx(const std::vector<std::string> &paths, const std::vector<Field> &fields) {
  std::vector<ResidentField> loaded;
  for (size_t i = 0; i < paths.size(); ++i) {
    loaded.push_back(load(paths[i], fields[i]));
    if (loaded[i].samples != loaded[0].samples)
      userError("{} has {} samples, {} has {}", paths[0], loaded[0].samples, paths[i], loaded[i].samples);
  }
  return std::make_unique<ResidentSource>(fields, std::move(loaded));
}

} // namespace nacre::runtime
