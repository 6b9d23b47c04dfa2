//===- FuzzNumpy.cpp - Any bytes as an .npy or .npz file ------------------===//
//
// Opening ends in a UserError or in samples that can all be read.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Error.h"
#include "runtime/data/Numpy.h"

#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace nacre::runtime;
  constexpr nacre::abi::Dim shape[] = {{2}, {3}};
  static const std::vector<Field> fields = {Field({"x", "f32", {shape, 2}, 0, 0, 0})};
  Bytes bytes(size);
  std::memcpy(bytes.data.get(), data, size);
  try {
    std::unique_ptr<Source> source = readNumpy(std::move(bytes), fields, "file");
    Sample sample(1);
    for (int64_t i = 0; i < source->size(); ++i)
      source->read(i, sample);
  } catch (const UserError &) {
  }
  return 0;
}
