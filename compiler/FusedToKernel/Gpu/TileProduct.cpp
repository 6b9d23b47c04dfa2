//===- TileProduct.cpp - Which instructions multiply panels ---------------===//

#include "FusedToKernel/Gpu/TileProduct.h"

using namespace mlir;
using namespace nacre::kernel;

bool TileProduct::hasTensorCores(const Target &target, Type element) {
  return target.products != Target::Products::F32 && element.isF32();
}

std::unique_ptr<TileProduct> TileProduct::make(KernelFunction &kernel, Type element, const BlockTile &tile) {
  return hasTensorCores(kernel.getTarget(), element) ? makeTensorCoreProduct(kernel, tile)
                                                     : makeFmaProduct(kernel, element, tile);
}

Type TileProduct::panelElement(const Target &target, Type element) {
  bool isBf16 = hasTensorCores(target, element) && target.products == Target::Products::Bf16;
  return isBf16 ? Type(BFloat16Type::get(element.getContext())) : element;
}

bool TileProduct::keepsVectors(const Target &target, Type element, bool lanesAreTerms) {
  return hasTensorCores(target, element) || !lanesAreTerms;
}
