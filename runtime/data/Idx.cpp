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

ResidentField load(const std::string &path, const Field &field) {
  Bytes content = readFile(path);
  if (isGzip(content.view()))
    content = inflateGzip(content.view(), path);
  SharedBytes file(std::move(content));
  IdxArray array = parseIdx(file.view(), path);
  NumberFormat format = nativeFormat(array.dtype);
  format.bigEndian = format.bytes > 1;
  return residentField(field, {format, std::move(array.shape), file.at(array.elements)}, path);
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
  for (size_t i = 0; i < paths.size(); ++i)
    loaded.push_back(load(paths[i], fields[i]));
  return makeResident(fields, std::move(loaded));
}

} // namespace nacre::runtime
