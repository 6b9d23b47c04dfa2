//===- EvaluateReductions.cpp - What reduce, moments and dot mean ---------===//
//
// Sums are taken in double and rounded once.
//
//===----------------------------------------------------------------------===//

#include "Graph/Evaluate.h"
#include <limits>

using namespace mlir;
using namespace nacre::graph;

/// Combines each element of `x` into the element of the result that it belongs to.
static Array reduce(const Array &x, ArrayRef<int64_t> axes, RankedTensorType type, double start,
                    function_ref<double(double, double)> combine) {
  Array result = {type, std::vector<double>(type.getNumElements(), start)};
  forEachIndex(x.type.getShape(), [&](Index index) {
    double &element = at(result, withoutAxes(index, axes));
    element = combine(element, at(x, index));
  });
  for (double &element : result.data)
    element = roundTo(type.getElementType(), element);
  return result;
}

void ReduceOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Array &x = operands[0];
  switch (getKind()) {
  case ReduceKind::Sum:
    return results.push_back(reduce(x, getAxes(), getType(), 0, [](double a, double b) { return a + b; }));
  case ReduceKind::Max:
    return results.push_back(reduce(x, getAxes(), getType(), -infinity, maximum));
  case ReduceKind::Min:
    return results.push_back(reduce(x, getAxes(), getType(), infinity, minimum));
  }
}

void MomentsOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  const Array &x = operands[0];
  RankedTensorType type = getMean().getType();
  auto wide = RankedTensorType::get(type.getShape(), Float64Type::get(getContext()));
  Array mean = reduce(x, getAxes(), wide, 0, [](double a, double b) { return a + b; });
  double count = static_cast<double>(x.data.size()) / static_cast<double>(mean.data.size());
  for (double &element : mean.data)
    element /= count;

  Array m2 = zeros(wide);
  forEachIndex(x.type.getShape(), [&](Index index) {
    Shape kept = withoutAxes(index, getAxes());
    double distance = at(x, index) - at(mean, kept);
    at(m2, kept) += distance * distance;
  });
  results.push_back(generate(type, [&](Index index) { return at(mean, index); }));
  results.push_back(generate(type, [&](Index index) { return at(m2, index); }));
}

/// Sets the entries of `index` named by `axes` from consecutive entries of `from`.
static void place(MutableArrayRef<int64_t> index, ArrayRef<int64_t> axes, Index from) {
  for (auto [axis, entry] : llvm::zip_equal(axes, from))
    index[axis] = entry;
}

void DotOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  const Array &lhs = operands[0], &rhs = operands[1];
  Shape lhsIndex(lhs.type.getRank()), rhsIndex(rhs.type.getRank()), contracted;
  Shape lhsFree = freeAxes(lhs.type.getRank(), getLhsBatch(), getLhsContract());
  Shape rhsFree = freeAxes(rhs.type.getRank(), getRhsBatch(), getRhsContract());
  for (int64_t axis : getLhsContract())
    contracted.push_back(lhs.type.getDimSize(axis));

  results.push_back(generate(getType(), [&](Index index) {
    Index batch = index.take_front(getLhsBatch().size());
    place(lhsIndex, getLhsBatch(), batch);
    place(rhsIndex, getRhsBatch(), batch);
    place(lhsIndex, lhsFree, index.slice(batch.size(), lhsFree.size()));
    place(rhsIndex, rhsFree, index.take_back(rhsFree.size()));
    double sum = 0;
    forEachIndex(contracted, [&](Index along) {
      place(lhsIndex, getLhsContract(), along);
      place(rhsIndex, getRhsContract(), along);
      sum += at(lhs, lhsIndex) * at(rhs, rhsIndex);
    });
    return sum;
  }));
}
