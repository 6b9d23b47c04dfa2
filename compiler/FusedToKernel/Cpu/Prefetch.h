//===- Prefetch.h - Memory that is needed soon ------------------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Templates.h"

namespace nacre::kernel {

/// Images of a tensor that are fetched from memory while what is in front of them is being
/// worked on: a part with every tile, so that loads and arithmetic overlap.
class ImageStream {
public:
  /// Of an image of `pixels` pixels; `ahead` pixels ahead of the current one.
  ImageStream(const Buffer &buffer, int64_t pixels, int64_t ahead, bool isWritten)
      : buffer(buffer), elementsPerPixel(ceilDiv(buffer.strides[0], pixels)), ahead(ahead), isWritten(isWritten) {}

  /// Touches the share `part` of `parts` of the `count` pixels from `pixel` of image `n` on.
  void touch(LoopNest &nest, mlir::Value n, mlir::Value pixel, int64_t count, mlir::Value part, int64_t parts) const;

private:
  Buffer buffer;
  int64_t elementsPerPixel, ahead;
  bool isWritten;
};

/// A tensor that is read or written at the index of a row and of a column, one of which is its innermost in memory.
struct MatrixStream {
  Buffer buffer;
  int64_t rowStride, columnStride;

  /// None where it is indexed otherwise.
  static std::optional<MatrixStream> of(const Buffer &buffer, mlir::ValueRange indices, mlir::Value row,
                                        mlir::Value column);
  /// Touches a block of `rows` rows times `columns` columns.
  void touch(LoopNest &nest, mlir::Value row, int64_t rows, mlir::Value column, int64_t columns) const;
};

/// The inputs of a nest that a region reads at its first index, image by image.
llvm::SmallVector<ImageStream> streamsOf(mlir::Region &region, const PointInputs &inputs, unsigned firstInput,
                                         int64_t pixels, int64_t ahead);

} // namespace nacre::kernel
