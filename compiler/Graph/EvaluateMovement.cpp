//===- EvaluateMovement.cpp - What movement ops mean ----------------------===//
//
// Each element of a result is an element of an operand, or zero; only
// `scatter_add` adds.
//
//===----------------------------------------------------------------------===//

#include "Graph/Evaluate.h"
#include <algorithm>

using namespace mlir;
using namespace nacre::graph;

void BroadcastOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  Shape from(getAxes().size());
  results.push_back(generate(getType(), [&](Index index) {
    for (auto [axis, target] : llvm::enumerate(getAxes()))
      from[axis] = index[target];
    return at(operands[0], from);
  }));
}

void ReshapeOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  results.push_back({getType(), operands[0].data});
}

void TransposeOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  Shape from(getPermutation().size());
  results.push_back(generate(getType(), [&](Index index) {
    for (auto [axis, source] : llvm::enumerate(getPermutation()))
      from[source] = index[axis];
    return at(operands[0], from);
  }));
}

void SliceOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  Shape from(getStart().size());
  results.push_back(generate(getType(), [&](Index index) {
    for (size_t axis = 0; axis < from.size(); ++axis)
      from[axis] = getStart()[axis] + index[axis] * getStride()[axis];
    return at(operands[0], from);
  }));
}

void PadOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  ArrayRef<int64_t> size = operands[0].type.getShape();
  Shape from(size.size());
  results.push_back(generate(getType(), [&](Index index) {
    for (size_t axis = 0; axis < from.size(); ++axis) {
      int64_t inside = index[axis] - getLow()[axis], step = getInterior()[axis] + 1;
      if (inside < 0 || inside % step || inside / step >= size[axis])
        return 0.0;
      from[axis] = inside / step;
    }
    return at(operands[0], from);
  }));
}

void ConcatOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  results.push_back(generate(getType(), [&](Index index) {
    Shape from(index);
    size_t number = 0;
    for (; from[getAxis()] >= operands[number].type.getDimSize(getAxis()); ++number)
      from[getAxis()] -= operands[number].type.getDimSize(getAxis());
    return at(operands[number], from);
  }));
}

/// Entry `i` of an index, held within an axis of that size.
static int64_t clampedIndex(const Array &index, int64_t i, int64_t size) {
  return std::clamp<int64_t>(static_cast<int64_t>(index.data[i]), 0, size - 1);
}

void TakeOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  results.push_back(generate(getType(), [&](Index index) {
    Shape from(index);
    from[getAxis()] = clampedIndex(operands[1], index[getAxis()], operands[0].type.getDimSize(getAxis()));
    return at(operands[0], from);
  }));
}

void ScatterAddOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  Array sum = zeros(getType());
  forEachIndex(operands[0].type.getShape(), [&](Index index) {
    Shape to(index);
    to[getAxis()] = clampedIndex(operands[1], index[getAxis()], getType().getDimSize(getAxis()));
    at(sum, to) += at(operands[0], index);
  });
  results.push_back(generate(getType(), [&](Index index) { return at(sum, index); }));
}
