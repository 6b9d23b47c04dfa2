//===- FuzzIdx.cpp - Any bytes as an IDX file -----------------------------===//
//
// Parsing ends in a UserError or in an array whose size fits its shape.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Error.h"
#include "runtime/data/Idx.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace nacre::runtime;
  try {
    IdxArray array = parseIdx({data, size}, "file");
    bool isEmpty = std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end();
    int64_t bytes = dtypeBytes(array.dtype);
    for (int64_t extent : array.shape)
      bytes = isEmpty ? 0 : bytes * extent; // the others may be beyond counting
    if (bytes != static_cast<int64_t>(array.elements.size()))
      __builtin_trap();
  } catch (const UserError &) {
  }
  return 0;
}
