//===- ConvResults.h - From sums of a convolution to results ----*- C++ -*-===//
#pragma once

#include "FusedToKernel/Cpu/Prefetch.h"
#include "FusedToKernel/ResultAxes.h"
#include "FusedToKernel/Schedule.h"

namespace nacre::kernel {

/// The sums of a convolution in scratch memory, and what `store` makes of them.
class ConvResults {
public:
  /// Of the sums that are in memory at a time: [images][rows][columns][channels], padding included.
  struct Extents {
    int64_t images, rows, columns, channels;
    int64_t usedChannels; ///< Without padding.
  };
  ConvResults(KernelFunction &kernel, fused::ConvOp conv, const PointInputs &inputs, const Extents &extents);

  const Buffer &getSums() const { return sums; }

  /// `store` for `rows` rows, of which `first` is the first in image `n`; `place` says which of the images in scratch
  /// memory that is, and sums are of `firstChannel` (0, if null) and those after it. Lanes are the axis along which
  /// results lie side by side.
  void emit(const Lanes &n, const Lanes &place, mlir::Value first, mlir::Value rows, mlir::Value firstChannel = {});

  /// Whether `store` is so small that it can be written out for each vector of a tile, and results take such vectors.
  static bool storesVectors(fused::ConvOp conv);
  /// `store` for one vector of channels of a pixel, from sums in a register.
  void emitVector(const Lanes &n, const Lanes &k, const Lanes &p, const Lanes &q, const Lanes &sum, unsigned lanes);
  /// The same for the only pixels of `count` images from the `first` on. Where results of images lie side by side,
  /// these are the lanes.
  void emitImages(mlir::Value first, mlir::Value count, mlir::Value firstChannel);

  /// What `store` reads and writes of the current image, so many pixels ahead.
  llvm::SmallVector<ImageStream> streams(int64_t ahead);
  /// Whether `store` reads other values of each pixel: these are best read, and results written, as they lie in memory.
  bool readsPixels() { return !readStreams(0).empty(); }

  /// Inputs that `store` reads where it writes, and `load`, if at all, in the same image, or with `axes` of it in the
  /// same row, or pixel: they may share memory if all of that is staged before any of it is written, and no pixel is
  /// stored twice. If other items load the same images, `load` must not read them at all.
  llvm::SmallVector<int64_t> inPlacePairs(unsigned axes = 0, bool isReadByOthers = false);

private:
  llvm::SmallVector<ImageStream> readStreams(int64_t ahead);
  /// Where sums lie in scratch memory, and what row, of what image and from which channel on, its first ones belong to.
  struct Place {
    Lanes image, row, column, channel;
  };
  struct Origin {
    Lanes n;
    mlir::Value row, channel;
    unsigned level; ///< Where these are known.
  };
  /// `store` for some sums.
  void emitSums(const Place &place, const Origin &origin, Width width, unsigned piece);
  /// Whether results lie side by side along the lowest digits of what axes count.
  bool isInnermost(int64_t counted) const { return results[0].strides[lowestAxisOf(conv, counted)] == 1; }
  /// Channels that are taken at a time.
  unsigned lanesOfChannels() const;

  KernelFunction &kernel;
  fused::ConvOp conv;
  const PointInputs &inputs;
  ConvShape shape;
  int64_t channels;
  llvm::SmallVector<Buffer> results;
  Buffer sums;
};

} // namespace nacre::kernel
