//===- CpuFeatures.h - Can this processor run the model? --------*- C++ -*-===//
//
// Compares what the kernels were compiled for with what the processor has.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ABI.h"

#include <string>
#include <string_view>

namespace nacre::runtime {

/// Those of the space-separated `features` that this processor lacks; names it cannot ask about count as present.
std::string missingCpuFeatures(std::string_view features);

/// Throws a UserError if the model needs what the processor lacks.
void requireCpuFeatures(const abi::Model &model);

} // namespace nacre::runtime
