//===- ImageFolder.h - Folders of image files -------------------*- C++ -*-===//
//
// A folder for each class with the images of that class, as a source of samples.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Source.h"

namespace nacre::runtime {

/// Classes are numbered by the order of their folders' names. With `size`, images are scaled to that length of the
/// shorter side. All images are decoded now if they fit the memory of `opening`, else each time they are read. Throws a
/// UserError that names the folder or the file which is wrong.
std::unique_ptr<Source> openImages(const std::string &folder, int64_t size, const std::vector<Field> &fields,
                                   Opening &opening);

} // namespace nacre::runtime
