//===- Resident.h - Samples that lie in memory ------------------*- C++ -*-===//
//
// A source whose samples were all read when it was opened.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Source.h"
#include "runtime/files/Bytes.h"

namespace nacre::runtime {

/// All samples of one field, in a row from `offset` of the bytes.
struct ResidentField {
  Bytes bytes;
  int64_t samples;
  int64_t offset = 0;

  const char *sample(int64_t index, int64_t size) const {
    return reinterpret_cast<const char *>(bytes.data.get()) + offset + index * size;
  }
};

class ResidentSource final : public Source {
public:
  ResidentSource(std::vector<Field> fields, std::vector<ResidentField> data)
      : fields(std::move(fields)), data(std::move(data)) {}

  int64_t size() const override { return data.empty() ? 0 : data[0].samples; }

  void read(int64_t index, Sample &sample) const override {
    for (size_t i = 0; i < data.size(); ++i) {
      const char *first = data[i].sample(index, fields[i].bytes);
      sample[i].shape = fields[i].shape;
      sample[i].bytes.assign(first, first + fields[i].bytes);
    }
  }

private:
  std::vector<Field> fields;
  std::vector<ResidentField> data;
};

} // namespace nacre::runtime
