//===- Synthetic.h - Random samples of the declared types -------*- C++ -*-===//
//
// Data for benchmarks: every field filled with random values of its range.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Source.h"

namespace nacre::runtime {

std::unique_ptr<Source> makeSynthetic(int64_t count, const std::vector<Field> &fields);

} // namespace nacre::runtime
