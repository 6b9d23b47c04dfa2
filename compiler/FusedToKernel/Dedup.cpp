//===- Dedup.cpp - One kernel for equal nests -----------------------------===//

#include "FusedToKernel/Dedup.h"
#include "FusedToKernel/Schedule.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// "map", "reduce", "conv_3x3", "conv_dw_3x3", "conv_winograd_4".
static std::string nameOfKind(Operation *nest) {
  std::string kind = nest->getName().stripDialect().str();
  if (auto tile = nest->getAttrOfType<IntegerAttr>("winograd"); tile)
    return kind + "_winograd_" + std::to_string(tile.getInt());
  ArrayRef<int64_t> weight;
  if (auto conv = dyn_cast<fused::ConvOp>(nest))
    weight = cast<RankedTensorType>(conv.getWeight().getType()).getShape();
  else if (auto dw = dyn_cast<fused::ConvDwOp>(nest))
    weight = dw.getWeightShape();
  if (weight.empty())
    return kind;
  ArrayRef<int64_t> size = weight.take_back(2);
  return kind + "_" + std::to_string(size[0]) + "x" + std::to_string(size[1]);
}

const Kernel &KernelLibrary::get(const KernelSource &source, Location loc) {
  auto [entry, isNew] = bySource.try_emplace(source.text());
  Kernel &kernel = entry->second;
  if (!isNew)
    return kernel;
  std::string kind = nameOfKind(source.nest);
  kernel.name = kind + "_" + std::to_string(numberOfKind[kind]++);
  KernelFunction function(kernels, kernel.name, source.nest->getName().stripDialect(), loc, target);
  llvm::TypeSwitch<Operation *>(source.nest)
      .Case<fused::MapOp>([&](auto map) { emitMap(function, map); })
      .Case<fused::ReduceOp>([&](auto reduce) { emitReduce(function, reduce); })
      .Case<fused::ConvOp>([&](auto conv) {
        kernel.work = conv.getWinograd()                      ? emitConvWinograd(function, conv)
                      : hasSmallGroups(shapeOf(conv), target) ? emitConvSmallGroups(function, conv)
                                                              : emitConv(function, conv);
      })
      .Case<fused::ConvDwOp>([&](auto conv) {
        kernel.work = conv.getWinograd()                      ? emitConvDwWinograd(function, conv)
                      : hasSmallGroups(shapeOf(conv), target) ? emitConvDwSmallGroups(function, conv)
                                                              : emitConvDw(function, conv);
      });
  kernel.scratchBytes = function.scratchBytes();
  return kernel;
}
