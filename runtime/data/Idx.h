//===- Idx.h - IDX files, the format of the MNIST family --------*- C++ -*-===//
//
// Reads arrays from IDX files, plain or gzipped, as a source of samples.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <span>

#include "runtime/data/Source.h"

namespace nacre::runtime {

/// A view of the array in an IDX file; its elements are big-endian.
struct IdxArray {
  DType dtype;
  std::vector<int64_t> shape;
  std::span<const uint8_t> elements;
};

/// Throws a UserError that names the file unless it is exactly one array.
IdxArray parseIdx(std::span<const uint8_t> file, const std::string &name);

/// One file for each field, in the order of the fields.
std::unique_ptr<Source> openIdx(const std::vector<std::string> &paths, const std::vector<Field> &fields);

} // namespace nacre::runtime
