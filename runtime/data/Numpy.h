//===- Numpy.h - Arrays saved by NumPy --------------------------*- C++ -*-===//
//
// Reads arrays from .npy and .npz files as a source of samples.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Resident.h"

namespace nacre::runtime {

/// What an .npy file says about its numbers.
struct NpyArray {
  NumberFormat format;
  bool columnsFirst; ///< Fortran's order
  std::vector<int64_t> shape;
  std::span<const uint8_t> numbers;
};

/// Throws a UserError that names the file unless it is exactly one array of numbers.
NpyArray parseNpy(std::span<const uint8_t> file, const std::string &name);

/// The arrays of an .npz file with the names of the fields. An .npy file is the array of the only field.
std::unique_ptr<Source> readNumpy(const SharedBytes &file, const std::vector<Field> &fields, const std::string &name);

/// The same from a path, which may also be a folder with an .npy file for each field. Files of more than `mostInMemory`
/// bytes are mapped.
std::unique_ptr<Source> openNumpy(const std::string &path, const std::vector<Field> &fields, uint64_t mostInMemory);

} // namespace nacre::runtime
