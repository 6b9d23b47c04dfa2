//===- Staging.h - Operands of convolutions in scratch memory ---*- C++ -*-===//
#pragma once

#include "FusedToKernel/Schedule.h"
#include "FusedToKernel/Templates.h"

namespace nacre::kernel {

/// Where pixels lie in memory, the channels of each side by side.
struct Pixels {
  mlir::Value memref, first; ///< The element that is the first channel of the first pixel.
  int64_t rowStride, pixelStride;
};

/// The input whose elements a program of an operand yields as they are, if channels are innermost in it; null for others.
const Buffer *inputReadAsItIs(mlir::Region &program, const PointInputs &inputs);

/// Rows of an image [rows][columns][channels] in scratch memory, as a point
/// program yields them, with zeros outside of the image.
class StagedImage {
public:
  struct Shape {
    int64_t rows, columns, channels; ///< In scratch memory, padding included.
    int64_t height, width;           ///< Of the image.
    int64_t low[2];                  ///< Columns and rows in front of it.
    int64_t usedChannels;            ///< The rest is zero.
    int64_t images = 1;              ///< In scratch memory, one after another.
    bool isWhole = false;            ///< These are all rows: the first one is always row 0.
    int64_t step[2] = {1, 1};        ///< Between rows and columns that are read; others are not counted.
  };

  StagedImage(KernelFunction &kernel, mlir::Type element, const Shape &shape);

  /// Zeros in what `stage` never writes. To be called once, in front of all loops.
  void clear();
  /// Zeros in the elements from `lower` up to `upper`.
  void clear(mlir::Value lower, mlir::Value upper) { fill(lower, upper, mlir::ShapedType::kDynamic); }
  /// The rows from `first` (of the padded image) on, of image `n`, the channels from `firstChannel` on; at element
  /// `place` of the buffer. If these are not all columns, those from `firstColumn` on.
  void stage(mlir::Region &program, const PointInputs &inputs, Lanes n, mlir::Value first, mlir::Value firstChannel,
             mlir::Value place, mlir::Value firstColumn = {});
  void stage(mlir::Region &program, const PointInputs &inputs, Lanes n, mlir::Value first);

  const Buffer &getBuffer() const { return buffer; }
  Pixels pixels(IndexMath math) const { return {buffer.memref, math.constant(0), rowStride(), pixelStride()}; }
  int64_t elements() const { return shape.rows * rowStride(); }
  int64_t rowStride() const { return shape.columns * shape.channels; }
  int64_t pixelStride() const { return shape.channels; }

private:
  void fill(mlir::Value lower, mlir::Value upper, int64_t length);

  KernelFunction &kernel;
  Shape shape;
  unsigned lanes;
  Buffer buffer;
};

/// The rows of x that `rows` output rows read, of some of its channels.
StagedImage::Shape rowsOfBand(const ConvShape &shape, int64_t rows, int64_t channels, int64_t images);

} // namespace nacre::kernel
