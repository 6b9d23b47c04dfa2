//===- Dedup.cpp - One kernel for equal nests -----------------------------===//

#include "FusedToKernel/Dedup.h"
#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/GroupLanes.h"
#include "FusedToKernel/Schedule.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Whether it has a template for groups of few channels.
static bool hasSmallGroupsOnGpu(Operation *nest, const Target &target) {
  auto suits = [&](auto conv) { return target.isGpu() && GroupLanes::suit(target, shapeOf(conv)); };
  return llvm::TypeSwitch<Operation *, bool>(nest).Case<fused::ConvOp, fused::ConvDwOp>(suits).Default(false);
}

/// "map", "reduce", "conv_3x3", "conv_dw_3x3", "conv_groups_3x3" on a GPU, "conv_winograd_4".
static std::string nameOfKind(Operation *nest, const Target &target) {
  std::string kind = nest->getName().stripDialect().str() + (hasSmallGroupsOnGpu(nest, target) ? "_groups" : "");
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

/// Fills in the kernel of a nest; says, of a convolution, how it is cut into items.
static Work emitForCpu(KernelFunction &kernel, Operation *nest) {
  const Target &target = kernel.getTarget();
  return llvm::TypeSwitch<Operation *, Work>(nest)
      .Case([&](fused::MapOp map) { return emitMap(kernel, map), Work(); })
      .Case([&](fused::ReduceOp reduce) { return emitReduce(kernel, reduce), Work(); })
      .Case([&](fused::ConvOp conv) {
        ConvShape shape = shapeOf(conv);
        return conv.getWinograd()                              ? emitConvWinograd(kernel, conv)
               : hasSmallGroups(shape, target)                 ? emitConvSmallGroups(kernel, conv)
               : isProduct(shape, target.lanes(shape.element)) ? emitConvProduct(kernel, conv)
                                                               : emitConv(kernel, conv);
      })
      .Case([&](fused::ConvDwOp conv) {
        return conv.getWinograd()                      ? emitConvDwWinograd(kernel, conv)
               : hasSmallGroups(shapeOf(conv), target) ? emitConvDwSmallGroups(kernel, conv)
                                                       : emitConvDw(kernel, conv);
      });
}

static Work emitForGpu(KernelFunction &kernel, Operation *nest) {
  bool hasSmallGroups = hasSmallGroupsOnGpu(nest, kernel.getTarget());
  return llvm::TypeSwitch<Operation *, Work>(nest)
      .Case([&](fused::MapOp map) { return emitGpuMap(kernel, map), Work(); })
      .Case([&](fused::ReduceOp reduce) { return emitGpuReduce(kernel, reduce), Work(); })
      .Case([&](fused::ConvOp conv) {
        return hasSmallGroups ? emitGpuConvGroups(kernel, conv) : emitGpuConv(kernel, conv);
      })
      .Case([&](fused::ConvDwOp conv) {
        return hasSmallGroups ? emitGpuConvDwGroups(kernel, conv) : emitGpuConvDw(kernel, conv);
      });
}

const Kernel &KernelLibrary::get(const KernelSource &source, Location loc) {
  auto [entry, isNew] = bySource.try_emplace(source.text());
  Kernel &kernel = entry->second;
  if (!isNew)
    return kernel;
  Target target = targetOf(source.nest, machine);
  std::string kind = nameOfKind(source.nest, target);
  kernel.name = kind + "_" + std::to_string(numberOfKind[kind]++);
  KernelFunction function(kernels, kernel.name, source.nest->getName().stripDialect(), loc, target);
  kernel.work = target.isGpu() ? emitForGpu(function, source.nest) : emitForCpu(function, source.nest);
  if (target.isGpu())
    describeGpuKernel(function, source.nest->getNumOperands() + source.nest->getNumResults() + source.numbers.size(),
                      source.nest->hasAttr(narrowAttr));
  else
    kernel.scratchBytes = function.scratchBytes();
  return kernel;
}
