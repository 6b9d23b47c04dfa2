//===- GpuTemplates.h - From nests to kernels of a GPU ----------*- C++ -*-===//
#pragma once

#include "FusedToKernel/Templates.h"

namespace nacre::kernel {

void emitGpuMap(KernelFunction &kernel, fused::MapOp map);
void emitGpuReduce(KernelFunction &kernel, fused::ReduceOp reduce);
Work emitGpuConv(KernelFunction &kernel, fused::ConvOp conv);
Work emitGpuConvDw(KernelFunction &kernel, fused::ConvDwOp conv);

} // namespace nacre::kernel
