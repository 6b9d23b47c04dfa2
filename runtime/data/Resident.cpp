//===- Resident.cpp - Samples that lie in arrays --------------------------===//
//
// Arrays whose numbers are stored as the runtime has them are used where they lie,
// others are converted once.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Resident.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"

#include <algorithm>

namespace nacre::runtime {

namespace {

class ResidentSource final : public Source {
public:
  ResidentSource(std::vector<Field> fields, std::vector<ResidentField> data)
      : fields(std::move(fields)), data(std::move(data)) {}

  int64_t size() const override { return data.empty() ? 0 : data[0].samples; }

  void read(int64_t index, Sample &sample) const override {
    for (size_t i = 0; i < data.size(); ++i) {
      const uint8_t *first = data[i].elements.data.get() + index * fields[i].bytes;
      sample[i].shape = fields[i].shape;
      sample[i].bytes.assign(first, first + fields[i].bytes);
    }
  }

  const std::vector<int64_t> *shape(int64_t) const override { return &fields[0].shape; }

  std::string name(int64_t index) const override { return fmt::format("{}: sample {}", data[0].where, index); }

private:
  std::vector<Field> fields;
  std::vector<ResidentField> data;
};

bool isFieldShape(const std::vector<int64_t> &array, const Field &field) {
  auto withoutOnes = [](auto begin, auto end) {
    std::vector<int64_t> sizes;
    std::copy_if(begin, end, std::back_inserter(sizes), [](int64_t size) { return size != 1; });
    return sizes;
  };
  return withoutOnes(array.begin() + 1, array.end()) == withoutOnes(field.shape.begin(), field.shape.end());
}

} // namespace

ResidentField residentField(const Field &field, StoredArray array, const std::string &where) {
  if (array.shape.empty() || !isFieldShape(array.shape, field))
    userError("{} holds an array of shape {}; the field {} needs [samples] and {}", where, shapeText(array.shape),
              field.name, shapeText(field.shape));
  ResidentField result{array.shape[0], std::move(array.numbers), where};
  int64_t count = result.samples * field.elements;
  if (array.format != nativeFormat(field.dtype)) {
    demandMemory(count * dtypeBytes(field.dtype),
                 fmt::format("{}: {} as {} needs", where, field.name, dtypeName(field.dtype)), "save it in that type");
    result.elements = fieldElements(field, array.format, result.elements.data.get(), count, where);
  }
  checkRange(field, reinterpret_cast<const char *>(result.elements.data.get()), count, where);
  return result;
}

std::unique_ptr<Source> makeResident(std::vector<Field> fields, std::vector<ResidentField> data) {
  for (const ResidentField &field : data)
    if (field.samples != data[0].samples)
      userError("{} has {} samples, {} has {}", data[0].where, data[0].samples, field.where, field.samples);
  return std::make_unique<ResidentSource>(std::move(fields), std::move(data));
}

} // namespace nacre::runtime
