//===- Shape.cpp - Extents of tensors -------------------------------------===//
//
// Shapes as the tables have them and as messages show them.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Shape.h"

#include <fmt/ranges.h>

namespace nacre::runtime {

int64_t elementCount(abi::List<abi::Dim> shape) {
  int64_t count = 1;
  for (const abi::Dim &dim : shape)
    count *= dim.size;
  return count;
}

std::vector<int64_t> extents(abi::List<abi::Dim> shape) {
  std::vector<int64_t> sizes;
  for (const abi::Dim &dim : shape)
    sizes.push_back(dim.size);
  return sizes;
}

std::string shapeText(const std::vector<int64_t> &shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

} // namespace nacre::runtime
