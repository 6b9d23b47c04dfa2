//===- Assembly.cpp - Builders and syntax that ODS cannot express ---------===//

#include "Graph/Graph.h"

using namespace mlir;
using namespace nacre::graph;

//===----------------------------------------------------------------------===//
// constant
//===----------------------------------------------------------------------===//

/// `value` as an attribute of an element type.
static Attribute numberAttr(Type element, double value) {
  if (isa<FloatType>(element))
    return FloatAttr::get(element, value);
  auto integer = cast<IntegerType>(element);
  return IntegerAttr::get(integer, APInt(integer.getWidth(), static_cast<uint64_t>(static_cast<int64_t>(value)),
                                         /*isSigned=*/true, /*implicitTrunc=*/true));
}

void ConstantOp::build(OpBuilder &builder, OperationState &state, RankedTensorType type, double splat) {
  build(builder, state, type,
        cast<ElementsAttr>(DenseElementsAttr::get(type, numberAttr(type.getElementType(), splat))));
}

std::optional<double> ConstantOp::getSplat() {
  auto elements = dyn_cast<DenseElementsAttr>(getValue());
  if (!elements || !elements.isSplat())
    return std::nullopt;
  if (isa<FloatType>(elements.getElementType())) {
    APFloat value = elements.getSplatValue<APFloat>();
    bool inexact;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    return value.convertToDouble();
  }
  APInt value = elements.getSplatValue<APInt>();
  return elements.getElementType().isSignlessInteger(32) ? static_cast<double>(value.getSExtValue())
                                                         : static_cast<double>(value.getZExtValue());
}

//===----------------------------------------------------------------------===//
// select: the condition's type follows from the result's
//===----------------------------------------------------------------------===//

ParseResult SelectOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::UnresolvedOperand, 3> operands;
  Type type;
  llvm::SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOperandList(operands, 3) || parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return parser.emitError(loc, "expected a ranked tensor type");
  result.addTypes(tensor);
  return parser.resolveOperands(operands, {boolLike(tensor), tensor, tensor}, loc, result.operands);
}

void SelectOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getOperands();
  printer.printOptionalAttrDict((*this)->getAttrs());
  printer << " : " << getType();
}
