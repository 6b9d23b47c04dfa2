//===- Templates.cpp - What all templates share ---------------------------===//

#include "FusedToKernel/Templates.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

void kernel::declareMergeable(KernelFunction &kernel, fused::MapOp map) {
  if (extentsOf(map).size() != 1)
    return;
  Block &body = map.getBody().front();
  BlockArgument index = body.getArgument(0);
  SmallVector<int64_t> uniform;
  for (auto [number, input] : llvm::enumerate(body.getArguments().drop_front()))
    if (llvm::none_of(input.getUsers(),
                      [&](Operation *user) { return llvm::is_contained(user->getOperands(), index); }))
      uniform.push_back(number);
  for (Operation *user : index.getUsers()) {
    auto extract = dyn_cast<tensor::ExtractOp>(user);
    if (!extract || !isa<BlockArgument>(extract.getTensor()) || extract.getIndices().size() != 1)
      return;
  }
  Builder builder(map.getContext());
  kernel.getFunction()->setAttr("nacre.uniform", builder.getDenseI64ArrayAttr(uniform));
}

unsigned kernel::lanesOf(Operation *nest, const Target &target) {
  unsigned bits = 32;
  auto consider = [&](Type type) {
    if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.getRank() > 0)
      bits = std::max(bits, tensor.getElementTypeBitWidth());
  };
  llvm::for_each(nest->getOperandTypes(), consider);
  llvm::for_each(nest->getResultTypes(), consider);
  return target.vectorBits / bits;
}

void kernel::forVectors(KernelFunction &kernel, Value lower, Value upper, unsigned lanes, Run run,
                        function_ref<void(Value, Width)> body) {
  LoopNest &nest = kernel.loops();
  IndexMath math = nest.math();
  Value rest = !run.hasRest    ? upper
               : !run.hasWhole ? lower
                               : math.add(lower, math.roundDown(math.sub(upper, lower), lanes));
  if (run.hasWhole) {
    body(nest.open(lower, rest, lanes), lanes);
    nest.close();
  }
  if (!run.hasRest)
    return;
  Value index = nest.open(rest, upper, lanes);
  body(index, Width::first(nest, nest.math().sub(upper, index), lanes));
  nest.close();
}

void kernel::forLanes(KernelFunction &kernel, Value lower, Value upper, int64_t extent, unsigned width,
                      function_ref<void(Value, unsigned)> body) {
  LoopNest &nest = kernel.loops();
  Value rest = lower;
  if (width > 1 && (ShapedType::isDynamic(extent) || extent >= width)) {
    IndexMath math = nest.math();
    bool isExact = ShapedType::isStatic(extent) && extent % width == 0;
    rest = isExact ? upper : math.add(lower, math.roundDown(math.sub(upper, lower), width));
    body(nest.open(lower, rest, width), width);
    nest.close();
    if (isExact)
      return;
  }
  body(nest.open(rest, upper), 1);
  nest.close();
}

void kernel::forBlocks(LoopNest &nest, int64_t extent, int64_t size, function_ref<void(Value)> body) {
  if (extent == size)
    return body(nest.math().constant(0));
  Value start = nest.open(0, extent, size);
  if (extent % size)
    start = nest.math().min(start, nest.math().constant(extent - size));
  body(start);
  nest.close();
}

void kernel::forParts(LoopNest &nest, int64_t extent, int64_t size, function_ref<void(Value, int64_t)> body) {
  int64_t whole = extent / size * size;
  if (whole == size)
    body(nest.math().constant(0), size);
  else if (whole > 0) {
    body(nest.open(0, whole, size), size);
    nest.close();
  }
  if (whole < extent)
    body(nest.math().constant(whole), extent - whole);
}
