//===- ConvolutionChoice.h - How convolutions are computed ------*- C++ -*-===//
#pragma once

#include "Fused/Fused.h"
#include "GraphToFused/ScheduleFile.h"
#include "GraphToFused/WinogradChoice.h"

namespace nacre {

/// How one is.
struct ConvolutionPlan {
  std::string name;            ///< For schedules.
  int64_t tile = 0;            ///< Edge of the tiles of Winograd's method; 0: directly.
  int64_t parts = 0;           ///< Of the batch, if a schedule says so.
  fused::ScheduleAttr cut;     ///< If a schedule says so.
  std::vector<Method> methods; ///< All that there are, the fastest by count first.

  /// Writes on a nest what schedules call it (`convolution`), which methods they may ask for (`methods`), and what the
  /// next best would cost.
  void describe(mlir::Operation *nest) const;
};

/// By a schedule, as far as that says something and the experiment allows it; by count otherwise.
class ConvolutionChoice {
public:
  ConvolutionChoice(WinogradChoice winograd, ScheduleFile &schedule, llvm::StringRef target, bool isForGpu)
      : winograd(std::move(winograd)), schedule(schedule), target(target), forGpu(isForGpu) {}

  ConvolutionPlan planFor(mlir::Operation *conv) const;
  bool isForGpu() const { return forGpu; }

private:
  WinogradChoice winograd;
  ScheduleFile &schedule;
  llvm::StringRef target;
  bool forGpu;
};

/// Adds what another plan for a nest would cost to what is said of it (`next`).
void addNext(mlir::Operation *nest, const llvm::Twine &text);

} // namespace nacre
