//===- GroupLanes.h - Small groups of channels in vectors -------*- C++ -*-===//
//
// Output channels side by side belong to one group or to several whole ones. Each meets
// the inputs of its group; of all that a vector of outputs meets, which lie side by side,
// as many are loaded at once as an access moves. In a depthwise convolution nothing has to
// change its lane.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Gpu/ConvOperand.h"
#include "FusedToKernel/Schedule.h"

namespace nacre::kernel {

class GroupLanes {
public:
  /// Whether groups have so few channels that a block's columns are better not spent on one of them. Tensor cores make
  /// up for more empty columns than multiply-adds do.
  static bool suit(const Target &target, const ConvShape &shape);

  /// At most as many lanes as the first of the programs that run on them loads at once, of so many channels, all that
  /// it has. Where programs are long, no more than an access has of what they compute with: registers are then better
  /// spent on more pixels, of which fewer are computed twice.
  GroupLanes(const Target &target, const WindowShape &shape, llvm::ArrayRef<mlir::Region *> programs, int64_t channels);

  int64_t lanes() const { return numLanes; }
  /// Of outputs.
  int64_t vectors() const { return shape.groups * shape.K / numLanes; }
  /// 32-bit registers of a vector.
  int64_t registers() const { return numLanes * shape.element.getIntOrFloatBitWidth() / 32; }
  mlir::Type type() const;

  /// What the program of x yields for the inputs that outputs from `output` on meet in pixel (n, h, w), known at a
  /// level of the loops, or zeros if it is not there: number c of each lane's group, for all c.
  llvm::SmallVector<mlir::Value> fetch(KernelFunction &kernel, mlir::Region &program, const PointInputs &inputs,
                                       mlir::Value output, const Lanes &n, const Lanes &h, const Lanes &w,
                                       mlir::Value isThere) const;
  /// a * b + sum, lane by lane.
  static mlir::Value multiplyAdd(LoopNest &nest, mlir::Value a, mlir::Value b, mlir::Value sum);
  /// So many vectors of zeros.
  llvm::SmallVector<mlir::Value> zeros(LoopNest &nest, int64_t count) const;
  /// A number from memory, or a vector, as a vector of what sums are.
  mlir::Value widened(LoopNest &nest, mlir::Value value) const;

private:
  const WindowShape &shape;
  int64_t numLanes;
};

/// `n` in parts of at most `limit`, as equal as can be: the size of the first.
inline int64_t evenPart(int64_t n, int64_t limit) { return ceilDiv(n, ceilDiv(n, limit)); }

} // namespace nacre::kernel
