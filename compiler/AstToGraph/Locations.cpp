//===- Locations.cpp - Frames of the elaborator as locations --------------===//

#include "AstToGraph/Locations.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace nacre;

Location Locations::of(uint32_t frame) {
  if (frame >= frames.size())
    return UnknownLoc::get(context);
  if (!known[frame])
    known[frame] = make(frames[frame]);
  return *known[frame];
}

Location Locations::make(const lang::Frame &innermost) const {
  SmallVector<Location> chain;
  std::optional<size_t> userPlace;
  for (const lang::Frame *frame = &innermost; frame; frame = frame->parent < 0 ? nullptr : &frames[frame->parent]) {
    if (!userPlace && !StringRef(frame->file).starts_with("stdlib/"))
      userPlace = chain.size();
    chain.push_back(FileLineColLoc::get(context, frame->file, frame->line, frame->column));
  }
  if (userPlace)
    std::rotate(chain.begin(), chain.begin() + *userPlace, chain.begin() + *userPlace + 1);
  Location places = chain.size() == 1 ? chain.front() : FusedLoc::get(context, chain);
  return innermost.path.empty() ? places : NameLoc::get(StringAttr::get(context, innermost.path), places);
}
