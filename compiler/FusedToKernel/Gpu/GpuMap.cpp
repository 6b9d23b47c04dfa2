//===- GpuMap.cpp - A map on a GPU ----------------------------------------===//
//
// Threads take vectors of the innermost axis, in the order of memory.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/Threads.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

void kernel::emitGpuMap(KernelFunction &kernel, fused::MapOp map) {
  LoopNest &nest = kernel.loops();
  IndexMath math = nest.math();
  unsigned lanes = InnerLoop::of(map).lanes;
  PointInputs inputs = inputsOf(kernel, map);
  SmallVector<Buffer> results = resultsOf(kernel, map);

  SmallVector<Value> extents;
  Value total = math.constant(1);
  for (size_t axis = 0, rank = extentsOf(map).size(); axis < rank; ++axis) {
    Value extent = extentOf(kernel, map, axis);
    extents.push_back(axis + 1 == rank ? math.floorDiv(extent, lanes) : extent);
    total = math.mul(total, extents.back());
  }
  Value first = math.add(math.mul(kernel.block(), threadsPerBlock), kernel.thread());
  Value number = nest.open(first, total, math.mul(kernel.blocks(), threadsPerBlock));
  SmallVector<Lanes> indices;
  for (Value index : indicesOf(nest.math(), number, extents))
    indices.push_back({index, nest.depth()});
  if (!indices.empty() && lanes > 1)
    indices.back() = {nest.math().mul(indices.back().value, lanes), nest.depth(), 1};

  LaneMath laneMath(kernel, lanes);
  SmallVector<Lanes> values = emitProgram(kernel, laneMath, map.getBody(), inputs, indices, /*piece=*/0);
  for (auto [result, value] : llvm::zip_equal(results, values))
    laneMath.store(result, indices, value);
  nest.close();
  declareMergeable(kernel, map);
}
