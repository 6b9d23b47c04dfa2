//===- FuzzSafetensors.cpp - Any bytes as a checkpoint --------------------===//
//
// Parsing ends in a UserError or in tensors whose bytes can all be read.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Error.h"
#include "runtime/files/Safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace nacre::runtime;
  try {
    unsigned sum = 0;
    for (const auto &[name, tensor] : parseSafetensors({data, size}, "file").tensors) {
      int64_t bytes = dtypeBytes(tensor.dtype);
      for (int64_t extent : tensor.shape)
        bytes *= extent;
      if (bytes != static_cast<int64_t>(tensor.bytes.size()))
        __builtin_trap();
      for (char byte : tensor.bytes)
        sum += byte;
    }
    volatile unsigned used = sum;
    (void)used;
  } catch (const UserError &) {
  }
  return 0;
}
