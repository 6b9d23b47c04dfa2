//===- Shape.h - Extents of tensors -----------------------------*- C++ -*-===//
//
// Shapes as the tables have them and as messages show them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <vector>

#include "runtime/ABI.h"

namespace nacre::runtime {

int64_t elementCount(abi::List<abi::Dim> shape);
std::vector<int64_t> extents(abi::List<abi::Dim> shape);
/// "[3, 16]".
std::string shapeText(const std::vector<int64_t> &shape);

} // namespace nacre::runtime
