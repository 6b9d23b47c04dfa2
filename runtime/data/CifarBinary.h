//===- CifarBinary.h - The binary files of CIFAR ----------------*- C++ -*-===//
//
// Reads records of labels and an image as a source of samples.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Resident.h"

namespace nacre::runtime {

/// Cuts the records of one file, a byte for each label and then the image, into an array for each field; the image's
/// comes first. Throws a UserError that names the file.
std::vector<StoredArray> parseCifar(std::span<const uint8_t> file, const std::vector<Field> &fields,
                                    const std::string &name);

/// All files in a row. The first field is the image, the others are the labels in their order: one label in CIFAR-10,
/// the coarse and the fine one in CIFAR-100.
std::unique_ptr<Source> openCifar(const std::vector<std::string> &paths, const std::vector<Field> &fields);

} // namespace nacre::runtime
