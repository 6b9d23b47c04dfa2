//===- EvaluateWindows.cpp - What convolutions and windows mean -----------===//
//
// `conv` and its adjoints are one relation, x[n, c, s] w[k, c, t] y[n, k, r] for
// s = r * stride + t * dilation - low: each sums over what the other two share.
//
//===----------------------------------------------------------------------===//

#include "Graph/Evaluate.h"
#include <cmath>

using namespace mlir;
using namespace nacre::graph;

namespace {

/// A window over the spatial axes of an [N, C, ...S] tensor.
struct Window {
  ArrayRef<int64_t> spatial, stride, low, dilation;

  /// The place in x that tap `tap` reads for the result at `place`, which starts
  /// with n and a channel; false if it lies in the padding.
  bool source(Index place, int64_t channel, Index tap, Shape &x) const {
    x.assign({place[0], channel});
    for (size_t axis = 0; axis < spatial.size(); ++axis) {
      int64_t at = place[axis + 2] * stride[axis] + tap[axis] * (dilation.empty() ? 1 : dilation[axis]) - low[axis];
      if (at < 0 || at >= spatial[axis])
        return false;
      x.push_back(at);
    }
    return true;
  }
};

} // namespace

/// Calls `visit` for every triple of indices of x, w, y that belong together.
static void forEachProduct(const Window &window, RankedTensorType w, RankedTensorType y, int64_t groups,
                           function_ref<void(Index, Index, Index)> visit) {
  int64_t featuresPerGroup = w.getDimSize(0) / groups, channelsPerGroup = w.getDimSize(1);
  Shape tapShape(w.getShape().drop_front()), xIndex;
  forEachIndex(y.getShape(), [&](Index yIndex) {
    int64_t firstChannel = yIndex[1] / featuresPerGroup * channelsPerGroup;
    forEachIndex(tapShape, [&](Index tap) {
      Shape wIndex = {yIndex[1]};
      llvm::append_range(wIndex, tap);
      if (window.source(yIndex, firstChannel + tap[0], tap.drop_front(), xIndex))
        visit(xIndex, wIndex, yIndex);
    });
  });
}

static Array rounded(Array array) {
  for (double &element : array.data)
    element = roundTo(array.type.getElementType(), element);
  return array;
}

void ConvOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  const Array &x = operands[0], &w = operands[1];
  Array y = zeros(getType());
  Window window = {x.type.getShape().drop_front(2), getStride(), getLow(), getDilation()};
  forEachProduct(window, w.type, y.type, getGroups(),
                 [&](Index xIndex, Index wIndex, Index yIndex) { at(y, yIndex) += at(x, xIndex) * at(w, wIndex); });
  results.push_back(rounded(std::move(y)));
}

void ConvDxOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  const Array &y = operands[0], &w = operands[1];
  Array x = zeros(getType());
  Window window = {x.type.getShape().drop_front(2), getStride(), getLow(), getDilation()};
  forEachProduct(window, w.type, y.type, getGroups(),
                 [&](Index xIndex, Index wIndex, Index yIndex) { at(x, xIndex) += at(y, yIndex) * at(w, wIndex); });
  results.push_back(rounded(std::move(x)));
}

void ConvDwOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  const Array &x = operands[0], &y = operands[1];
  Array w = zeros(getType());
  Window window = {x.type.getShape().drop_front(2), getStride(), getLow(), getDilation()};
  forEachProduct(window, w.type, y.type, getGroups(),
                 [&](Index xIndex, Index wIndex, Index yIndex) { at(w, wIndex) += at(x, xIndex) * at(y, yIndex); });
  results.push_back(rounded(std::move(w)));
}

void WindowSumOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  const Array &x = operands[0];
  Window window = {x.type.getShape().drop_front(2), getStride(), getLow(), {}};
  Shape xIndex;
  results.push_back(generate(getType(), [&](Index yIndex) {
    double sum = 0;
    forEachIndex(getKernel(), [&](Index tap) {
      if (window.source(yIndex, yIndex[1], tap, xIndex))
        sum += at(x, xIndex);
    });
    return sum;
  }));
}

void WindowMaxOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  const Array &x = operands[0];
  Window window = {x.type.getShape().drop_front(2), getStride(), getLow(), {}};
  Array largest = zeros(getResult().getType()), taps = zeros(getTap().getType());
  Shape xIndex;
  forEachIndex(largest.type.getShape(), [&](Index yIndex) {
    double best = 0;
    int64_t bestTap = -1, number = 0;
    forEachIndex(getKernel(), [&](Index tap) {
      if (window.source(yIndex, yIndex[1], tap, xIndex)) {
        double value = at(x, xIndex);
        if (bestTap < 0 || value > best || (std::isnan(value) && !std::isnan(best))) {
          best = value;
          bestTap = number;
        }
      }
      ++number;
    });
    at(largest, yIndex) = best;
    at(taps, yIndex) = static_cast<double>(bestTap);
  });
  results.push_back(std::move(largest));
  results.push_back(std::move(taps));
}

void WindowMaxDxOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  const Array &g = operands[0], &taps = operands[1];
  Array x = zeros(getType());
  Window window = {x.type.getShape().drop_front(2), getStride(), getLow(), {}};
  Shape xIndex;
  forEachIndex(g.type.getShape(), [&](Index yIndex) {
    int64_t number = 0;
    forEachIndex(getKernel(), [&](Index tap) {
      if (static_cast<int64_t>(at(taps, yIndex)) == number++ && window.source(yIndex, yIndex[1], tap, xIndex))
        at(x, xIndex) += at(g, yIndex);
    });
  });
  results.push_back(rounded(std::move(x)));
}
