//===- Frames.h - Convolutions as ones over images --------------*- C++ -*-===//
//
// The convolution templates know rows and columns. Of three spatial axes the one with
// fewest taps is taken frame by frame: frames are images, and each of its taps is a
// convolution of its own, added to those before. A single axis is an image's only row.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ValueRange.h"
#include <optional>

namespace nacre {

class Frames {
public:
  /// Of a convolution with this weight, [K, C / groups, taps...].
  explicit Frames(mlir::RankedTensorType weight);

  /// How many convolutions it takes.
  int64_t taps() const { return numTaps; }
  /// The spatial axis that is taken frame by frame, if there is one.
  std::optional<int64_t> axis() const { return frameAxis; }
  /// Frames of a tensor [N, C, ...].
  int64_t countIn(llvm::ArrayRef<int64_t> shape) const { return frameAxis ? shape[*frameAxis + 2] : 1; }
  /// What belongs to rows and to columns, of values for each spatial axis; `single` where there is but one row.
  llvm::SmallVector<int64_t> plane(llvm::ArrayRef<int64_t> values, int64_t single) const;
  /// [N, C, ...] as images: [N * frames, C, rows, columns]. Of a weight what one convolution has: [K, C, R, S].
  llvm::SmallVector<int64_t> images(llvm::ArrayRef<int64_t> shape) const;
  llvm::SmallVector<int64_t> tapsOfPlane(llvm::ArrayRef<int64_t> weight) const;

  /// What the axes of [N, C, ...] count of images, channels, rows and columns (0 to 3): frames are images, too.
  llvm::SmallVector<int64_t> axesOfResults() const;

  /// The index of a tensor's element or a weight's: from the first two axes, row and column, and the frame or its tap.
  llvm::SmallVector<mlir::Value> indexOf(mlir::ValueRange at, mlir::Value frame) const;

private:
  std::optional<int64_t> frameAxis;
  int64_t numTaps = 1;
  llvm::SmallVector<int64_t> planeAxes; ///< Rows, if any, and columns.
};

} // namespace nacre
