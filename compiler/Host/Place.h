//===- Place.h - Where something stands in the model file -------*- C++ -*-===//
#pragma once

#include "mlir/IR/Location.h"

#include <string>

namespace nacre::host {

/// "models/resconv.nacre:14:7": the first place in a file that a location leads to, or nothing.
std::string placeOf(mlir::Location location);

} // namespace nacre::host
