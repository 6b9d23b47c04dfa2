//===- Locations.h - Frames of the elaborator as locations ------*- C++ -*-===//
//
// The location of an op is NameLoc(path of the instance, the chain of frames):
// first the innermost place outside the stdlib, which is the line the user knows,
// then all others from the inside out.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Program.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"

namespace nacre {

class Locations {
public:
  Locations(mlir::MLIRContext *context, llvm::ArrayRef<lang::Frame> frames)
      : context(context), frames(frames), known(frames.size()) {}

  mlir::Location of(uint32_t frame);

private:
  mlir::Location make(const lang::Frame &frame) const;

  mlir::MLIRContext *context;
  llvm::ArrayRef<lang::Frame> frames;
  std::vector<std::optional<mlir::Location>> known; ///< by frame
};

} // namespace nacre
