//===- ScheduleChoice.h - What a schedule says of a convolution -*- C++ -*-===//
//
// No MLIR here: the driver knows it, too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace nacre {

/// Numbers are 0 where nothing is said.
struct ScheduleChoice {
  std::optional<int64_t> method; ///< Edge of the tiles of Winograd's method; 0: directly.
  int64_t vectors = 0, rows = 0; ///< A register tile.
  int64_t block = 0;             ///< Tiles of Winograd's method, else pixels, that are summed at a time.
  int64_t parts = 0;             ///< Of the batch, for a weight gradient.

  /// "method=f4 tile=4x6", or "default".
  std::string text() const;
  bool operator==(const ScheduleChoice &) const = default;
};

} // namespace nacre
