//===- Safetensors.cpp - The file format of checkpoints -------------------===//
//
// Reading trusts nothing: every length, type and offset is checked.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/Safetensors.h"

#include "runtime/core/Error.h"
#include "runtime/files/AtomicFile.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace nacre::runtime {

namespace {

using nlohmann::json;

constexpr std::string_view metadataKey = "__metadata__";
constexpr size_t lengthBytes = 8;
constexpr uint64_t longestHeader = 100'000'000; // the format's own limit

constexpr std::pair<DType, std::string_view> typeNames[] = {
    {DType::F32, "F32"}, {DType::F64, "F64"}, {DType::I32, "I32"}, {DType::I64, "I64"},
    {DType::I16, "I16"}, {DType::I8, "I8"},   {DType::U8, "U8"},   {DType::Bool, "BOOL"}};

std::string_view typeName(DType dtype) {
  for (auto [type, name] : typeNames)
    if (type == dtype)
      return name;
  internalError("an element type has no name in checkpoints");
}

std::optional<DType> typeOf(const std::string &name) {
  for (auto [type, known] : typeNames)
    if (known == name)
      return type;
  return std::nullopt;
}

/// A list of non-negative whole numbers, or nothing.
std::optional<std::vector<int64_t>> numbers(const json &list) {
  constexpr size_t highestRank = 64;
  if (!list.is_array() || list.size() > highestRank)
    return std::nullopt;
  std::vector<int64_t> result;
  for (const json &number : list) {
    if (!number.is_number_unsigned() || number.get<uint64_t>() > INT64_MAX)
      return std::nullopt;
    result.push_back(number.get<int64_t>());
  }
  return result;
}

/// The bytes such a tensor has, or nothing if they are beyond counting.
std::optional<int64_t> byteCount(DType dtype, const std::vector<int64_t> &shape) {
  int64_t count = dtypeBytes(dtype);
  for (int64_t size : shape)
    if (__builtin_mul_overflow(count, size, &count))
      return std::nullopt;
  return count;
}

/// Types that other programs write and nothing here computes with are said by name.
void requireType(const std::string &name, const json &entry, const std::string &file) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string())
    return;
  std::string type = entry["dtype"].get<std::string>();
  if (!typeOf(type))
    userError("{} has the tensor \"{}\" in the type {}: save it as F32", file, name, type);
}

/// Reads one entry of the header; nothing if it is malformed or points outside `data`.
std::optional<NamedTensor> readTensor(const std::string &name, const json &entry, std::span<const char> data) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() || !entry.contains("shape") ||
      !entry.contains("data_offsets"))
    return std::nullopt;
  std::optional<DType> dtype = typeOf(entry["dtype"].get<std::string>());
  auto shape = numbers(entry["shape"]), offsets = numbers(entry["data_offsets"]);
  if (!dtype || !shape || !offsets || offsets->size() != 2)
    return std::nullopt;
  int64_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || end > static_cast<int64_t>(data.size()) || byteCount(*dtype, *shape) != end - begin)
    return std::nullopt;
  return NamedTensor{name, *dtype, *shape, data.subspan(begin, end - begin)};
}

} // namespace

const NamedTensor *Safetensors::find(const std::string &name) const {
  auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

Safetensors parseSafetensors(std::span<const uint8_t> file, const std::string &name) {
  uint64_t length = 0;
  if (file.size() >= lengthBytes)
    std::memcpy(&length, file.data(), lengthBytes);
  if (file.size() < lengthBytes || length > longestHeader || length > file.size() - lengthBytes)
    userError("{} is no safetensors file, or is cut short", name);
  const auto *text = reinterpret_cast<const char *>(file.data()) + lengthBytes;
  json header = json::parse(text, text + length, nullptr, false);
  if (!header.is_object())
    userError("{} is damaged: its header is not JSON", name);
  std::span<const char> data(text + length, file.size() - lengthBytes - length);
  Safetensors result;
  for (const auto &[key, value] : header.items()) {
    if (key == metadataKey) {
      for (const auto &[word, meaning] : value.items())
        if (meaning.is_string())
          result.metadata[word] = meaning.get<std::string>();
      continue;
    }
    requireType(key, value, name);
    std::optional<NamedTensor> tensor = readTensor(key, value, data);
    if (!tensor)
      userError("{} is damaged or cut short: its tensor \"{}\" is not where the header says", name, key);
    result.tensors.emplace(key, std::move(*tensor));
  }
  return result;
}

SafetensorsFile::SafetensorsFile(const std::string &path)
    : bytes(readFile(path)), content(parseSafetensors(bytes.view(), path)) {}

void writeSafetensors(const std::string &path, const std::vector<NamedTensor> &tensors,
                      const std::map<std::string, std::string> &metadata) {
  nlohmann::ordered_json header;
  header[std::string(metadataKey)] = metadata;
  int64_t offset = 0;
  for (const NamedTensor &tensor : tensors) {
    int64_t end = offset + static_cast<int64_t>(tensor.bytes.size());
    header[tensor.name] = {{"dtype", typeName(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  constexpr size_t alignment = 64; // of the first tensor, so that a mapped file can be used in place
  text.append((alignment - (lengthBytes + text.size()) % alignment) % alignment, ' ');
  uint64_t length = text.size();
  AtomicFile file(path);
  file.write({reinterpret_cast<const char *>(&length), lengthBytes});
  file.write(text);
  for (const NamedTensor &tensor : tensors)
    file.write(tensor.bytes);
  file.commit();
}

} // namespace nacre::runtime
