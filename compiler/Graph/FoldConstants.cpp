//===- FoldConstants.cpp - Constants through the evaluator ----------------===//
//
// An op of which every operand is constant is evaluated: if it has a single
// element, or if it is elementwise and its operands are splats. Larger constants
// stay expressions, which are smaller than their values.
//
//===----------------------------------------------------------------------===//

#include "Graph/FoldConstants.h"
#include "Graph/Evaluate.h"
#include "Graph/Evaluator.h"
#include "mlir/Interfaces/FoldInterfaces.h"

using namespace mlir;

namespace nacre::graph {
namespace {

/// The type of a clone of `op` on operands of one element.
RankedTensorType single(Type type) { return RankedTensorType::get({}, cast<RankedTensorType>(type).getElementType()); }

/// A splat as an array of one element.
std::optional<Array> splatArray(Attribute attribute) {
  auto dense = dyn_cast_if_present<DenseElementsAttr>(attribute);
  if (!dense || !dense.isSplat() || dense.getNumElements() == 0)
    return std::nullopt;
  return arrayOf(dense.resizeSplat(single(dense.getType())));
}

struct ConstantFolding : DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;

  LogicalResult fold(Operation *op, ArrayRef<Attribute> operands,
                     SmallVectorImpl<OpFoldResult> &results) const override {
    if (!isa<EvaluableOpInterface>(op) || operands.empty() || op->getNumResults() != 1)
      return failure();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (!op->hasTrait<OpTrait::Elementwise>() && type.getRank() != 0)
      return failure();
    SmallVector<Array> arrays;
    for (Attribute operand : operands) {
      std::optional<Array> array = op->hasTrait<OpTrait::Elementwise>() ? splatArray(operand) : scalar(operand);
      if (!array)
        return failure();
      arrays.push_back(std::move(*array));
    }
    results.push_back(attributeOf(evaluateScalar(op, arrays)).resizeSplat(type));
    return success();
  }

private:
  static std::optional<Array> scalar(Attribute attribute) {
    auto dense = dyn_cast_if_present<DenseElementsAttr>(attribute);
    return dense && dense.getNumElements() == 1 ? arrayOf(dense) : std::nullopt;
  }

  /// The value of a detached copy of `op` that has a single element.
  static Array evaluateScalar(Operation *op, ArrayRef<Array> operands) {
    OperationState state(op->getLoc(), op->getName());
    state.addOperands(op->getOperands());
    state.addTypes(single(op->getResult(0).getType()));
    state.attributes = op->getDiscardableAttrDictionary();
    state.propertiesAttr = op->getPropertiesAsAttribute();
    Operation *copy = Operation::create(state);
    SmallVector<Array> results;
    cast<EvaluableOpInterface>(copy).evaluate(operands, EvaluationContext(), results);
    copy->destroy();
    return results[0];
  }
};

} // namespace

void addConstantFolding(GraphDialect &dialect) { dialect.addInterfaces<ConstantFolding>(); }

} // namespace nacre::graph
