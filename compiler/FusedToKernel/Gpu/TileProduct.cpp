//===- TileProduct.cpp - Which instructions multiply panels ---------------===//

#include "FusedToKernel/Gpu/TileProduct.h"

using namespace mlir;
using namespace nacre::kernel;

bool TileProduct::hasTensorCores(const Target &target, Type element) {
  return target.products != Target::Products::F32 && element.isF32();
}

std::unique_ptr<TileProduct> TileProduct::make(KernelFunction &kernel, Type element, const BlockTile &tile) {
  const Target &target = kernel.getTarget();
  return hasWarpgroups(target, element)    ? makeWarpgroupProduct(kernel, tile)
         : hasTensorCores(target, element) ? makeTensorCoreProduct(kernel, tile)
                                           : makeFmaProduct(kernel, element, tile);
}

/// Of wider numbers they take only those whose terms lie side by side, and weights and the operands of weight gradients
/// have lines so; they would also cut off what `mma.sync` is given rounded.
bool TileProduct::hasWarpgroups(const Target &target, Type element) {
  return target.hasWarpgroupProducts && hasTensorCores(target, element) &&
         panelElement(target, element).getIntOrFloatBitWidth() == 16;
}

SmallVector<Value> TileProduct::zeroVectors(size_t count, int64_t lanes) {
  OpBuilder builder = nest.here();
  auto type = VectorType::get({lanes}, element);
  return SmallVector<Value>(count,
                            arith::ConstantOp::create(builder, nest.getLoc(), builder.getZeroAttr(type)).getResult());
}

Type TileProduct::panelElement(const Target &target, Type element) {
  if (!hasTensorCores(target, element) || target.products == Target::Products::Tf32)
    return element;
  Builder builder(element.getContext());
  return target.products == Target::Products::Bf16 ? Type(builder.getBF16Type()) : Type(builder.getF16Type());
}

bool TileProduct::keepsVectors(const Target &target, Type element, bool lanesAreTerms) {
  return hasTensorCores(target, element) || !lanesAreTerms;
}
