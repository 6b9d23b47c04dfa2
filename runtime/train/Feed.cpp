//===- Feed.cpp - From the data set into an entry's inputs ----------------===//
//
// Fields and inputs are matched by name.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Feed.h"

#include "runtime/core/Error.h"

#include <algorithm>

namespace nacre::runtime {

namespace {

/// Data are stored as f32; a binary of f64 computes with them as f64.
bool fits(DType stored, DType wanted) { return stored == wanted || (stored == DType::F32 && wanted == DType::F64); }

/// Fills each field input of the entry with the values that `bytesOf` gives of a field, by number.
template <class BytesOf>
void fill(Machine &machine, const abi::Entry &entry, const std::vector<Field> &fields, BytesOf &&bytesOf) {
  for (const abi::Port &port : entry.inputs) {
    if (std::string_view(port.kind) != "field")
      continue;
    auto field = std::find_if(fields.begin(), fields.end(), [&](const Field &f) { return f.name == port.name; });
    DType wanted = tableDType(port.dtype);
    int64_t count = elementCount(port.shape);
    if (field == fields.end() || !fits(field->dtype, wanted) || count != entry.batch * field->elements)
      internalError("the entry {} reads a field {} that the data set does not have so", entry.name, port.name);
    const std::vector<char> &bytes = bytesOf(static_cast<size_t>(field - fields.begin()));
    convertElements(machine.write(port), wanted, bytes.data(), field->dtype, count);
  }
}

} // namespace

void feed(Machine &machine, const abi::Entry &entry, const std::vector<Field> &fields, const Batch &batch) {
  fill(machine, entry, fields, [&](size_t field) -> const std::vector<char> & { return batch.fields[field]; });
}

void feed(Machine &machine, const abi::Entry &entry, const std::vector<Field> &fields, const Sample &sample) {
  fill(machine, entry, fields, [&](size_t field) -> const std::vector<char> & { return sample[field].bytes; });
}

} // namespace nacre::runtime
