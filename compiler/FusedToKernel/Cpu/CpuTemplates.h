//===- CpuTemplates.h - From nests to kernels of a CPU ----------*- C++ -*-===//
//
// One template for each kind of nest. A template fills the body of a kernel and
// says, of a convolution, how the nest is cut into items.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/Templates.h"

namespace nacre::kernel {

void emitMap(KernelFunction &kernel, fused::MapOp map);
void emitReduce(KernelFunction &kernel, fused::ReduceOp reduce);
Work emitConv(KernelFunction &kernel, fused::ConvOp conv);
Work emitConvDw(KernelFunction &kernel, fused::ConvDwOp conv);
/// Where images are single pixels: products of matrices.
Work emitConvProduct(KernelFunction &kernel, fused::ConvOp conv);
/// The same by Winograd's method.
Work emitConvWinograd(KernelFunction &kernel, fused::ConvOp conv);
Work emitConvDwWinograd(KernelFunction &kernel, fused::ConvDwOp conv);
/// Where groups are smaller than a vector.
Work emitConvSmallGroups(KernelFunction &kernel, fused::ConvOp conv);
Work emitConvDwSmallGroups(KernelFunction &kernel, fused::ConvDwOp conv);

} // namespace nacre::kernel
