//===- Frames.cpp - Convolutions as ones over images ----------------------===//

#include "GraphToFused/Frames.h"

using namespace mlir;
using namespace nacre;

Frames::Frames(RankedTensorType weight) {
  ArrayRef<int64_t> taps = weight.getShape().drop_front(2);
  if (taps.size() == 3) {
    frameAxis = std::min_element(taps.begin(), taps.end()) - taps.begin();
    numTaps = taps[*frameAxis];
  }
  for (int64_t axis = 0; axis < int64_t(taps.size()); ++axis)
    if (axis != frameAxis)
      planeAxes.push_back(axis);
}

SmallVector<int64_t> Frames::plane(ArrayRef<int64_t> values, int64_t single) const {
  SmallVector<int64_t> result(2 - planeAxes.size(), single);
  for (int64_t axis : planeAxes)
    result.push_back(values[axis]);
  return result;
}

SmallVector<int64_t> Frames::images(ArrayRef<int64_t> shape) const {
  SmallVector<int64_t> result = {shape[0] * countIn(shape), shape[1]};
  llvm::append_range(result, plane(shape.drop_front(2), 1));
  return result;
}

SmallVector<int64_t> Frames::tapsOfPlane(ArrayRef<int64_t> weight) const {
  SmallVector<int64_t> result(weight.take_front(2));
  llvm::append_range(result, plane(weight.drop_front(2), 1));
  return result;
}

SmallVector<int64_t> Frames::axesOfResults() const {
  SmallVector<int64_t> axes = {0, 1};
  for (int64_t axis = 4 - int64_t(planeAxes.size()); axis < 4; ++axis)
    axes.push_back(axis);
  if (frameAxis)
    axes.insert(axes.begin() + 2 + *frameAxis, 0);
  return axes;
}

SmallVector<Value> Frames::indexOf(ValueRange at, Value frame) const {
  SmallVector<Value> index(at.take_front(2));
  llvm::append_range(index, at.drop_front(2).take_back(planeAxes.size()));
  if (frameAxis)
    index.insert(index.begin() + 2 + *frameAxis, frame);
  return index;
}
