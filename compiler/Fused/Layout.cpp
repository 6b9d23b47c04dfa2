//===- Layout.cpp - The order of a tensor's axes in memory ----------------===//

#include "Fused/Fused.h"

using namespace mlir;
using namespace nacre;

SmallVector<int64_t> fused::layoutOf(RankedTensorType type) {
  if (auto layout = dyn_cast_if_present<LayoutAttr>(type.getEncoding()))
    return SmallVector<int64_t>(layout.getOrder());
  return llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
}

SmallVector<int64_t> fused::stridesOf(RankedTensorType type) {
  SmallVector<int64_t> strides(type.getRank());
  int64_t stride = 1;
  for (int64_t axis : llvm::reverse(layoutOf(type))) {
    strides[axis] = stride;
    stride *= type.getDimSize(axis);
  }
  return strides;
}

RankedTensorType fused::withLayout(RankedTensorType type, ArrayRef<int64_t> order) {
  bool rowMajor = llvm::is_sorted(order);
  Attribute encoding = rowMajor ? Attribute() : LayoutAttr::get(type.getContext(), order);
  return RankedTensorType::get(type.getShape(), type.getElementType(), encoding);
}
