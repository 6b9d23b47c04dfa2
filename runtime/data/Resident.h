//===- Resident.h - Samples that lie in arrays ------------------*- C++ -*-===//
//
// A source whose samples lie in a row in one array for each field, in memory or
// in a mapped file.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Numbers.h"

namespace nacre::runtime {

/// An array as a file has it: as many numbers as the shape says.
struct StoredArray {
  NumberFormat format;
  std::vector<int64_t> shape; ///< the samples first
  SharedBytes numbers;
};

/// All samples of one field.
struct ResidentField {
  int64_t samples;
  SharedBytes elements;
  std::string where; ///< the file, for messages
};

/// The array's numbers as elements of the field. Throws a UserError that names the file if they do not fit its type,
/// its shape (axes of size 1 count for nothing) or its range.
ResidentField residentField(const Field &field, StoredArray array, const std::string &where);

/// One array for each field. Throws a UserError unless all have equally many samples.
std::unique_ptr<Source> makeResident(std::vector<Field> fields, std::vector<ResidentField> data);

} // namespace nacre::runtime
