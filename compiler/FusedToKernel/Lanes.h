//===- Lanes.h - Scalars of a program, several at a time --------*- C++ -*-===//
//
// When a loop is vectorised, a scalar of its body stands for one value in each
// lane. Most differ little from lane to lane: the same value in all, or an index
// that grows by a constant step. Those stay scalars, and what is computed from
// nothing else is computed once, in front of the loop.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/KernelFunction.h"
#include "llvm/ADT/DenseMap.h"

namespace nacre::kernel {

struct Lanes {
  mlir::Value value;  ///< Of lane 0; if `isVector`, of all lanes.
  unsigned level = 0; ///< Of the loop nest where it is computed.
  int64_t step = 0;   ///< From lane to lane.
  bool isVector = false;

  bool isUniform() const { return !isVector && step == 0; }
};

/// How many lanes there are, and which of them are in use.
struct Width {
  Width(unsigned lanes, mlir::Value mask = {}) : lanes(lanes), mask(mask) {}
  /// The first `count` of them, fewer than all, at the innermost loop.
  static Width first(LoopNest &nest, mlir::Value count, unsigned lanes);

  unsigned lanes;
  mlir::Value mask; ///< Null if all are.
};

/// Computes with lanes inside the loops of a kernel. Valid while the loops that
/// are open when it is made stay open.
class LaneMath {
public:
  LaneMath(KernelFunction &kernel, Width width) : kernel(kernel), width(width.lanes), mask(width.mask) {}

  unsigned getWidth() const { return width; }
  /// The index of an open loop; `step` per lane if the loop is the vectorised one.
  Lanes index(mlir::Value value, unsigned level, int64_t step = 0) const {
    return {value, level, width == 1 ? 0 : step, false};
  }
  /// As a vector, or as a scalar if there is but one lane.
  mlir::Value whole(const Lanes &lanes);
  /// The same operation on all lanes.
  Lanes apply(mlir::Operation *op, llvm::ArrayRef<Lanes> operands);
  /// The elements at an index. Nothing the kernel writes may be read, unless
  /// `level` holds the load behind the write.
  Lanes load(const Buffer &buffer, llvm::ArrayRef<Lanes> indices, unsigned level = 0);
  /// Fetches from memory what lies `distance` elements behind the elements at an index, if these lie side by side and
  /// are others in each turn of the innermost loop.
  void touch(const Buffer &buffer, llvm::ArrayRef<Lanes> indices, mlir::Value distance);
  /// Writes in the innermost loop.
  void store(const Buffer &buffer, llvm::ArrayRef<Lanes> indices, const Lanes &value);

private:
  struct Address {
    mlir::Value base;     ///< Element number of lane 0, without `varying`.
    int64_t step = 0;     ///< What each lane adds to the one in front of it,
    mlir::Value distance; ///< and what that is besides, if it is not known;
    mlir::Value varying;  ///< and what lanes add at will, as a vector, if they do.
    unsigned level = 0;
  };
  void vary(Address &at, mlir::Value steps, mlir::Value stride);
  Address address(const Buffer &buffer, llvm::ArrayRef<Lanes> indices, unsigned level);
  mlir::Value offsets(const Address &at);
  mlir::Value loadApart(const Buffer &buffer, const Address &at, mlir::VectorType type);
  mlir::Value usedLanes(mlir::OpBuilder &builder);
  bool applyToSteps(mlir::Operation *op, llvm::ArrayRef<Lanes> operands, Lanes &result);

  KernelFunction &kernel;
  unsigned width;
  mlir::Value mask;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> widened;
};

} // namespace nacre::kernel
