//===- Templates.cpp - What all templates share ---------------------------===//

#include "FusedToKernel/Templates.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

PointInputs kernel::inputsOf(KernelFunction &kernel, Operation *nest, unsigned first) {
  PointInputs inputs;
  unsigned argument = first;
  for (Value operand : nest->getOperands().drop_front(first))
    inputs.buffers.push_back(kernel.tensor(argument++, cast<RankedTensorType>(operand.getType())));
  inputs.firstExtent = nest->getNumOperands() + nest->getNumResults();
  return inputs;
}

SmallVector<Buffer> kernel::resultsOf(KernelFunction &kernel, Operation *nest) {
  SmallVector<Buffer> buffers;
  unsigned argument = nest->getNumOperands();
  for (Type type : nest->getResultTypes())
    buffers.push_back(kernel.tensor(argument++, cast<RankedTensorType>(type)));
  return buffers;
}

SmallVector<int64_t> kernel::inPlacePairs(Operation *nest) {
  SmallVector<int64_t> pairs;
  Block &body = nest->getRegion(0).front();
  size_t rank = nest->getAttrOfType<DenseI64ArrayAttr>("extents").size();
  auto domain = body.getArguments().take_front(rank);
  for (auto [number, input] : llvm::enumerate(body.getArguments().drop_front(rank))) {
    bool readsOwnPlace = llvm::all_of(input.getUsers(), [&](Operation *user) {
      return llvm::equal(cast<tensor::ExtractOp>(user).getIndices(), domain);
    });
    for (OpResult result : nest->getResults())
      if (readsOwnPlace && result.getType() == input.getType())
        pairs.append({int64_t(number), int64_t(result.getResultNumber())});
  }
  return pairs;
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
