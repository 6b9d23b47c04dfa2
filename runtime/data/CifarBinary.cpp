//===- CifarBinary.cpp - The binary files of CIFAR ------------------------===//
//
// There is no header: the size of a file has to be a whole number of records.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/CifarBinary.h"

#include "runtime/core/Error.h"
#include "runtime/files/Gzip.h"

namespace nacre::runtime {

namespace {

/// The arrays of one field in all files, one after the other.
ResidentField join(const Field &field, const std::vector<ResidentField> &parts) {
  ResidentField result{0, {}, parts[0].where};
  for (const ResidentField &part : parts)
    result.samples += part.samples;
  Bytes elements(result.samples * field.bytes);
  uint8_t *to = elements.data.get();
  for (const ResidentField &part : parts)
    to = std::copy_n(part.elements.data.get(), part.samples * field.bytes, to);
  result.elements = std::move(elements);
  return result;
}

void checkFields(const std::vector<Field> &fields) {
  if (fields[0].dtype != DType::U8)
    userError("cifar_binary gives u8 images; the first field, {}, is {}", fields[0].name, dtypeName(fields[0].dtype));
  for (size_t i = 1; i < fields.size(); ++i)
    if (!fields[i].shape.empty() || isFloat(fields[i].dtype))
      userError("cifar_binary gives an image and then labels, int[]; the field {} is {}{}", fields[i].name,
                dtypeName(fields[i].dtype), shapeText(fields[i].shape));
}

} // namespace

std::vector<StoredArray> parseCifar(std::span<const uint8_t> file, const std::vector<Field> &fields,
                                    const std::string &name) {
  size_t labels = fields.size() - 1, imageBytes = fields[0].bytes, record = labels + imageBytes;
  if (file.empty() || file.size() % record != 0)
    userError("{} has {} bytes, which is no whole number of records of {}: {} label{} and an image {}. A record of "
              "CIFAR-10 has 1 label, one of CIFAR-100 has 2, the coarse and the fine one",
              name, file.size(), record, labels, labels == 1 ? "" : "s", shapeText(fields[0].shape));
  auto samples = static_cast<int64_t>(file.size() / record);
  std::vector<Bytes> columns;
  for (size_t i = 0; i < fields.size(); ++i)
    columns.emplace_back(samples * (i == 0 ? imageBytes : 1));
  for (int64_t sample = 0; sample < samples; ++sample) {
    const uint8_t *from = file.data() + sample * record;
    for (size_t label = 1; label <= labels; ++label)
      columns[label].data[sample] = *from++;
    std::copy_n(from, imageBytes, columns[0].data.get() + sample * imageBytes);
  }
  std::vector<StoredArray> arrays;
  for (Bytes &column : columns) {
    arrays.push_back({nativeFormat(DType::U8), {samples}, std::move(column)});
    if (arrays.size() == 1)
      arrays[0].shape.insert(arrays[0].shape.end(), fields[0].shape.begin(), fields[0].shape.end());
  }
  return arrays;
}

std::unique_ptr<Source> openCifar(const std::vector<std::string> &paths, const std::vector<Field> &fields) {
  checkFields(fields);
  std::vector<std::vector<ResidentField>> parts(fields.size());
  for (const std::string &path : paths) {
    Bytes file = readFile(path);
    if (isGzip(file.view()))
      file = inflateGzip(file.view(), path);
    std::vector<StoredArray> arrays = parseCifar(file.view(), fields, path);
    for (size_t i = 0; i < fields.size(); ++i)
      parts[i].push_back(residentField(fields[i], std::move(arrays[i]), path));
  }
  std::vector<ResidentField> joined;
  for (size_t i = 0; i < fields.size(); ++i)
    joined.push_back(join(fields[i], parts[i]));
  return makeResident(fields, std::move(joined));
}

} // namespace nacre::runtime
