//===- Templates.cpp - What all templates share ---------------------------===//

#include "FusedToKernel/Templates.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Number of the argument that holds the leading extent.
static unsigned firstExtentOf(Operation *nest) { return nest->getNumOperands() + nest->getNumResults(); }

static size_t rankOf(Operation *nest) { return nest->getAttrOfType<DenseI64ArrayAttr>("extents").size(); }

Value kernel::extentOf(KernelFunction &kernel, Operation *nest, int64_t axis) {
  int64_t extent = nest->getAttrOfType<DenseI64ArrayAttr>("extents")[axis];
  return ShapedType::isDynamic(extent) ? kernel.integer(firstExtentOf(nest) + ReferenceArguments::extent(axis))
                                       : kernel.loops().math(0).constant(extent);
}

Value kernel::rowsOf(KernelFunction &kernel, Operation *nest, int64_t usual) {
  return isReference(nest) ? kernel.integer(firstExtentOf(nest) + ReferenceArguments::rowsPerItem(rankOf(nest)))
                           : kernel.loops().math(0).constant(usual);
}

/// The extents of an input of a reference; `argument` is the number of the first that is one, and then of the next.
static SmallVector<Value> inputExtents(KernelFunction &kernel, RankedTensorType type, unsigned &argument) {
  SmallVector<Value> extents(type.getRank());
  for (Value &extent : MutableArrayRef(extents).drop_front(std::min<size_t>(1, extents.size())))
    extent = kernel.integer(argument++);
  return extents;
}

PointInputs kernel::inputsOf(KernelFunction &kernel, Operation *nest, unsigned first) {
  PointInputs inputs;
  inputs.firstExtent = firstExtentOf(nest);
  unsigned argument = first;
  bool plain = isReference(nest);
  unsigned extent = plain ? inputs.firstExtent + ReferenceArguments::firstOfInputs(rankOf(nest)) : 0;
  for (Value operand : nest->getOperands().drop_front(first)) {
    auto type = cast<RankedTensorType>(operand.getType());
    inputs.buffers.push_back(plain ? kernel.tensor(argument, type, inputExtents(kernel, type, extent))
                                   : kernel.tensor(argument, type));
    ++argument;
  }
  return inputs;
}

/// The extents of a result of a reference: those of the domain that are not summed over.
static SmallVector<Value> resultExtents(KernelFunction &kernel, OpResult result) {
  Operation *nest = result.getOwner();
  auto reduce = dyn_cast<fused::ReduceOp>(nest);
  bool isCombined = reduce && !reduce.hasDomainShape(result);
  SmallVector<Value> extents;
  for (size_t axis = 0; axis < rankOf(nest); ++axis)
    if (!isCombined || !llvm::is_contained(reduce.getAxes(), int64_t(axis)))
      extents.push_back(extentOf(kernel, nest, axis));
  return extents;
}

SmallVector<Buffer> kernel::resultsOf(KernelFunction &kernel, Operation *nest) {
  SmallVector<Buffer> buffers;
  unsigned argument = nest->getNumOperands();
  for (OpResult result : nest->getResults()) {
    auto type = cast<RankedTensorType>(result.getType());
    buffers.push_back(isReference(nest) ? kernel.tensor(argument, type, resultExtents(kernel, result))
                                        : kernel.tensor(argument, type));
    ++argument;
  }
  return buffers;
}

SmallVector<int64_t> kernel::inPlacePairs(Operation *nest) {
  SmallVector<int64_t> pairs;
  Block &body = nest->getRegion(0).front();
  size_t rank = rankOf(nest);
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

void kernel::forBlocks(LoopNest &nest, int64_t extent, int64_t size, function_ref<void(Value)> body) {
  if (extent == size)
    return body(nest.math().constant(0));
  Value start = nest.open(0, extent, size);
  if (extent % size)
    start = nest.math().min(start, nest.math().constant(extent - size));
  body(start);
  nest.close();
}
