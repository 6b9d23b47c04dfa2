//===- Place.cpp - Where something stands in the model file ---------------===//

#include "Host/Place.h"

using namespace mlir;

std::string nacre::host::placeOf(Location location) {
  std::string found;
  location->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (!file)
      return WalkResult::advance();
    found = (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn())).str();
    return WalkResult::interrupt();
  });
  return found;
}
