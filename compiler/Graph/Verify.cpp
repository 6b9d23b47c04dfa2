//===- Verify.cpp - Messages of the verifiers, and verifiers of sources ---===//

#include "Graph/Verify.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;

namespace nacre::graph {

LogicalResult expectShape(Operation *op, StringRef what, RankedTensorType actual, ArrayRef<int64_t> expected) {
  if (actual.getRank() != static_cast<int64_t>(expected.size()))
    return op->emitOpError() << what << " has rank " << actual.getRank() << ", expected " << expected.size();
  for (auto [axis, sizes] : llvm::enumerate(llvm::zip_equal(actual.getShape(), expected))) {
    auto [size, wanted] = sizes;
    if (size != wanted)
      return op->emitOpError() << "axis " << axis << " of " << what << " has size " << size << ", expected " << wanted;
  }
  return success();
}

LogicalResult expectSameElement(Operation *op, StringRef aName, RankedTensorType a, StringRef bName,
                                RankedTensorType b) {
  if (a.getElementType() == b.getElementType())
    return success();
  return op->emitOpError() << aName << " has elements of type " << a.getElementType() << ", but " << bName << " of "
                           << b.getElementType();
}

LogicalResult expectAxes(Operation *op, StringRef what, ArrayRef<int64_t> axes, int64_t rank) {
  llvm::SmallSet<int64_t, 8> seen;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= rank)
      return op->emitOpError() << what << " names axis " << axis << " of a tensor of rank " << rank;
    if (!seen.insert(axis).second)
      return op->emitOpError() << what << " names axis " << axis << " twice";
  }
  return success();
}

LogicalResult expectCount(Operation *op, StringRef what, ArrayRef<int64_t> entries, int64_t count, StringRef of) {
  if (static_cast<int64_t>(entries.size()) == count)
    return success();
  return op->emitOpError() << "'" << what << "' has " << entries.size() << " entries for " << count << " " << of;
}

LogicalResult ControlOp::verify() {
  if (getType().getRank() != 0)
    return emitOpError("result has rank ") << getType().getRank() << ", expected 0";
  if (!llvm::is_contained({"step", "steps", "steps_per_epoch"}, getName()))
    return emitOpError("knows no '") << getName() << "'; there are step, steps, steps_per_epoch";
  return success();
}

LogicalResult IotaOp::verify() {
  return expectAxes(*this, "'axis'", {static_cast<int64_t>(getAxis())}, getType().getRank());
}

LogicalResult SelectOp::verify() {
  return expectShape(*this, "condition", getCondition().getType(), getType().getShape());
}

} // namespace nacre::graph
