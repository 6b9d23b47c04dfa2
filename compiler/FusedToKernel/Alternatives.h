//===- Alternatives.h - What schedules may ask of templates -----*- C++ -*-===//
#pragma once

#include "FusedToKernel/Schedule.h"

namespace nacre::kernel {

/// Register tiles and blocks that are worth a try instead of those that the template of a convolution takes now.
struct Alternatives {
  std::vector<Tile> tiles;
  std::vector<int64_t> blocks;
};
Alternatives alternativesOf(mlir::Operation *nest, const Target &target);

/// Says what is wrong with what a schedule asks of a nest, if anything is.
mlir::LogicalResult checkSchedule(mlir::Operation *nest, const Target &target);

} // namespace nacre::kernel
