//===- Source.cpp - Where samples come from -------------------------------===//
//
// What fields demand of samples.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Source.h"

#include "runtime/core/Error.h"

namespace nacre::runtime {

Field::Field(const abi::Field &field)
    : name(field.name), dtype(tableDType(field.dtype)), shape(extents(field.shape)),
      elements(elementCount(field.shape)), bytes(elements * dtypeBytes(dtype)) {
  if (field.ranged)
    range = {field.low, field.high};
}

void checkRange(const Field &field, const char *values, int64_t count, const std::string &where) {
  if (!field.range)
    return;
  auto [low, high] = *field.range;
  visitDType(field.dtype, [&](auto value) {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(&value, values + i * sizeof(value), sizeof(value));
      if (!(value >= low && value <= high))
        userError("{}: sample {} has {} = {}, which is not in {}..{}", where, i / field.elements, field.name, value,
                  low, high);
    }
  });
}

std::string Source::name(int64_t index) const { return fmt::format("sample {}", index); }

} // namespace nacre::runtime
