//===- FuzzGzip.cpp - Any bytes as a gzip file ----------------------------===//
//
// Inflating ends in bytes or in a UserError.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Error.h"
#include "runtime/files/Gzip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    nacre::runtime::inflateGzip({data, size}, "file");
  } catch (const nacre::runtime::UserError &) {
  }
  return 0;
}
