//===- FuzzCifar.cpp - Any bytes as a binary file of CIFAR ----------------===//
//
// Parsing ends in a UserError or in arrays that have all bytes of the file.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Error.h"
#include "runtime/data/CifarBinary.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace nacre::runtime;
  constexpr nacre::abi::Dim shape[] = {{3}, {2}, {2}};
  static const std::vector<Field> fields = {Field({"image", "u8", {shape, 3}, 0, 0, 0}),
                                            Field({"label", "i32", {nullptr, 0}, 1, 0, 9})};
  try {
    size_t bytes = 0;
    std::vector<StoredArray> arrays = parseCifar({data, size}, fields, "file");
    for (size_t i = 0; i < arrays.size(); ++i) {
      bytes += arrays[i].numbers.size;
      residentField(fields[i], arrays[i], "file");
    }
    if (bytes != size)
      __builtin_trap();
  } catch (const UserError &) {
  }
  return 0;
}
