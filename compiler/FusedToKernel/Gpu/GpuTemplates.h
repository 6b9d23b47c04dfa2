//===- GpuTemplates.h - From nests to kernels of a GPU ----------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Templates.h"

namespace nacre::kernel {

void emitGpuMap(KernelFunction &kernel, fused::MapOp map);
void emitGpuReduce(KernelFunction &kernel, fused::ReduceOp reduce);
Work emitGpuConv(KernelFunction &kernel, fused::ConvOp conv);
Work emitGpuConvDw(KernelFunction &kernel, fused::ConvDwOp conv);
/// The same for groups of so few channels (GroupLanes.h) that products of matrices would be mostly empty.
Work emitGpuConvGroups(KernelFunction &kernel, fused::ConvOp conv);
Work emitGpuConvDwGroups(KernelFunction &kernel, fused::ConvDwOp conv);
/// Adds the kernel that copies buffers.
void defineGpuCopy(mlir::ModuleOp kernels, const Target &target);

/// Says on a kernel what its launches have to know; it takes so many words as arguments. Narrow are indices for which
/// 32 bits are enough.
void describeGpuKernel(KernelFunction &kernel, int64_t arguments, bool isNarrow);

} // namespace nacre::kernel
