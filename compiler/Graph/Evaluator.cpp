//===- Evaluator.cpp - Running graph functions on dense arrays ------------===//

#include "Graph/Evaluator.h"
#include "Graph/Evaluate.h"
#include <cmath>

using namespace mlir;

namespace nacre::graph {

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

static double roundThrough(const llvm::fltSemantics &semantics, double value) {
  APFloat number(value);
  bool inexact;
  number.convert(semantics, APFloat::rmNearestTiesToEven, &inexact);
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
  return number.convertToDouble();
}

double roundTo(Type element, double value) {
  if (element.isF64())
    return value;
  if (element.isF32())
    return static_cast<float>(value);
  if (auto type = dyn_cast<FloatType>(element))
    return roundThrough(type.getFloatSemantics(), value);
  auto integer = static_cast<int64_t>(value);
  if (element.isInteger(1))
    return integer & 1;
  return element.isInteger(8) ? static_cast<uint8_t>(integer) : static_cast<int32_t>(integer);
}

Array zeros(RankedTensorType type) { return {type, std::vector<double>(type.getNumElements())}; }

int64_t positionOf(ArrayRef<int64_t> shape, Index index) {
  int64_t position = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis)
    position = position * shape[axis] + index[axis];
  return position;
}

void forEachIndex(ArrayRef<int64_t> shape, function_ref<void(Index)> visit) {
  Shape index(shape.size(), 0);
  for (int64_t remaining = elements(shape); remaining > 0; --remaining) {
    visit(index);
    for (int64_t axis = shape.size() - 1; axis >= 0 && ++index[axis] == shape[axis]; --axis)
      index[axis] = 0;
  }
}

Array generate(RankedTensorType type, function_ref<double(Index)> element) {
  Array result = {type, {}};
  result.data.reserve(type.getNumElements());
  forEachIndex(type.getShape(),
               [&](Index index) { result.data.push_back(roundTo(type.getElementType(), element(index))); });
  return result;
}

double maximum(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double minimum(double a, double b) { return std::isnan(a) || a < b ? a : b; }

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

std::optional<Array> arrayOf(ElementsAttr attribute) {
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense)
    return std::nullopt;
  auto type = cast<RankedTensorType>(dense.getType());
  Array array = {type, {}};
  array.data.reserve(type.getNumElements());
  if (isa<FloatType>(type.getElementType())) {
    for (APFloat value : dense.getValues<APFloat>()) {
      bool inexact;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
      array.data.push_back(value.convertToDouble());
    }
    return array;
  }
  bool isSigned = type.getElementType().isInteger(32);
  for (APInt value : dense.getValues<APInt>())
    array.data.push_back(isSigned ? static_cast<double>(value.getSExtValue())
                                  : static_cast<double>(value.getZExtValue()));
  return array;
}

DenseElementsAttr attributeOf(const Array &array) {
  Type element = array.type.getElementType();
  if (auto type = dyn_cast<FloatType>(element)) {
    SmallVector<APFloat> values;
    for (double value : array.data) {
      APFloat &number = values.emplace_back(value);
      bool inexact;
      number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    }
    return DenseElementsAttr::get(array.type, values);
  }
  SmallVector<APInt> values;
  for (double value : array.data)
    values.emplace_back(element.getIntOrFloatBitWidth(), static_cast<uint64_t>(static_cast<int64_t>(value)),
                        /*isSigned=*/true, /*implicitTrunc=*/true);
  return DenseElementsAttr::get(array.type, values);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

FailureOr<std::vector<Array>> evaluateFunction(func::FuncOp function, ArrayRef<Array> arguments,
                                               const EvaluationContext &context) {
  llvm::DenseMap<Value, Array> values;
  for (auto [argument, array] : llvm::zip_equal(function.getArguments(), arguments))
    values[argument] = array;

  for (Operation &op : function.front()) {
    SmallVector<Array> operands, results;
    for (Value operand : op.getOperands())
      operands.push_back(values.lookup(operand));
    if (isa<func::ReturnOp>(op))
      return std::vector<Array>(operands.begin(), operands.end());
    auto evaluable = dyn_cast<EvaluableOpInterface>(op);
    if (!evaluable)
      return op.emitError("cannot be evaluated: it is no op of the graph level");
    evaluable.evaluate(operands, context, results);
    for (auto [result, array] : llvm::zip_equal(op.getResults(), results))
      values[result] = std::move(array);
  }
  return function.emitError("has no return");
}

} // namespace nacre::graph
