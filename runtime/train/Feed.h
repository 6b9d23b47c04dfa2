//===- Feed.h - From the data set into an entry's inputs --------*- C++ -*-===//
//
// Copies batches and single samples to where an entry reads its fields.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Machine.h"
#include "runtime/data/Loader.h"

namespace nacre::runtime {

/// Writes the fields `entry` reads; fields it does not read are left out.
void feed(Machine &machine, const abi::Entry &entry, const std::vector<Field> &fields, const Batch &batch);

/// The same for an entry with a batch of 1.
void feed(Machine &machine, const abi::Entry &entry, const std::vector<Field> &fields, const Sample &sample);

} // namespace nacre::runtime
