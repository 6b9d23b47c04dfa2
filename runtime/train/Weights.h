//===- Weights.h - A network without its training ---------------*- C++ -*-===//
//
// Parameters and states of the network under their paths, as a `state_dict` of
// PyTorch has them: taken from such files and from checkpoints, and written.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Machine.h"
#include "runtime/files/Safetensors.h"

namespace nacre::runtime {

/// Reads them; floats and ints may be of another width. An average that the file lacks is its parameter. Throws a
/// UserError unless the file has all of them and nothing else but optimizer states.
void loadWeights(const Safetensors &file, const std::string &path, Machine &machine);

/// Begins a training with them, where the entry "init" draws the rest with `seed`. Throws a UserError, too, if a state
/// of the optimizer begins with something of the parameters that were drawn.
void beginWith(const Safetensors &file, const std::string &path, Machine &machine, int64_t seed);

/// Writes them: averages in place of the parameters that have one, and ints with 64 bits, as PyTorch counts.
void saveWeights(const std::string &path, const Machine &machine);

} // namespace nacre::runtime
