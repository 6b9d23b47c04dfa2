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

/// Calls `copy` with each field input of the entry and the number of its field.
template <class Copy> void eachField(const abi::Entry &entry, const std::vector<Field> &fields, Copy &&copy) {
  for (const abi::Port &port : entry.inputs) {
    if (std::string_view(port.kind) != "field")
      continue;
    auto field = std::find_if(fields.begin(), fields.end(), [&](const Field &f) { return f.name == port.name; });
    if (field == fields.end() || tableDType(port.dtype) != field->dtype ||
        elementCount(port.shape) != entry.batch * field->elements)
      internalError("the entry {} reads a field {} that the data set does not have so", entry.name, port.name);
    copy(port, static_cast<size_t>(field - fields.begin()));
  }
}

} // namespace

void feed(const Machine &machine, const abi::Entry &entry, const std::vector<Field> &fields, const Batch &batch) {
  eachField(entry, fields, [&](const abi::Port &port, size_t field) {
    const std::vector<char> &bytes = batch.fields[field];
    std::copy(bytes.begin(), bytes.end(), machine.data(port.offset));
  });
}

void feed(const Machine &machine, const abi::Entry &entry, const std::vector<Field> &fields, const Sample &sample) {
  eachField(entry, fields, [&](const abi::Port &port, size_t field) {
    const std::vector<char> &bytes = sample[field].bytes;
    std::copy(bytes.begin(), bytes.end(), machine.data(port.offset));
  });
}

} // namespace nacre::runtime
