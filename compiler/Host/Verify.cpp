//===- Verify.cpp - What holds of launches and loops ----------------------===//

#include "Host/Host.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace nacre::host;

LogicalResult LoopOp::verify() {
  if (getNumResults() < getInits().size())
    return emitOpError("gives ") << getNumResults() << " results, and carries " << getInits().size();
  if (!llvm::equal(getInits().getTypes(), getFinals().getTypes()))
    return emitOpError("ends with carries of other types than it begins with");
  auto canBeCut = [&](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.getRank() > 0 && tensor.getDimSize(0) % static_cast<int64_t>(getSteps()) == 0;
  };
  for (Type type : llvm::concat<const Type>(getSequences().getTypes(), getStacks().getTypes()))
    if (!canBeCut(type))
      return emitOpError("has ") << getSteps() << " steps, into which the sequence or stack " << type
                                 << " cannot be cut";
  return success();
}

/// Whether `whole` is of the body's type, or, where the body sees slices of it, has such slices.
static bool fits(RankedTensorType whole, RankedTensorType inBody, StringRef role, int64_t steps) {
  if (role != "slice" || inBody.getRank() == 0)
    return whole == inBody;
  SmallVector<int64_t> shape(inBody.getShape());
  shape.front() *= steps;
  return whole == RankedTensorType::get(shape, inBody.getElementType(), inBody.getEncoding());
}

/// Checks that a loop's values fit the arguments or results of its body, whose roles have to be the expected ones.
static LogicalResult verifyFit(LoopOp loop, TypeRange wholes, TypeRange inBody, ArrayRef<StringRef> roles,
                               function_ref<StringAttr(unsigned)> roleInBody, StringRef what) {
  if (inBody.size() != wholes.size())
    return loop.emitOpError("and its body differ in the number of ")
           << what << "s: " << wholes.size() << " and " << inBody.size();
  for (auto [i, whole, type, role] : llvm::enumerate(wholes, inBody, roles)) {
    if (roleInBody(i) != role)
      return loop.emitOpError("needs a body whose ") << what << " " << i << " is a " << role;
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !fits(cast<RankedTensorType>(whole), tensor, role, loop.getSteps()))
      return loop.emitOpError("has a ") << role << " of " << whole << ", its body of " << type;
  }
  return success();
}

/// Whether a function is among those that a loop repeats, or that these do.
static bool leadsTo(LoopOp loop, Operation *function, SymbolTableCollection &symbols, DenseSet<Operation *> &seen) {
  auto body = symbols.lookupNearestSymbolFrom<func::FuncOp>(loop, loop.getBodyAttr());
  if (!body || !seen.insert(body).second)
    return false;
  return body == function ||
         llvm::any_of(body.getOps<LoopOp>(), [&](LoopOp inner) { return leadsTo(inner, function, symbols, seen); });
}

LogicalResult LoopOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto function = symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getBodyAttr());
  if (!function || function.isExternal() || !function.isPrivate())
    return emitOpError("needs a private function as its body, not '") << getBody() << "'";
  DenseSet<Operation *> seen;
  if (leadsTo(*this, (*this)->getParentOp(), symbols, seen))
    return emitOpError("repeats the function it is in");
  SmallVector<StringRef> arguments(getInits().size(), "carry"), results = arguments;
  arguments.append(getSequences().size(), "slice");
  arguments.append(getInvariants().size(), "invariant");
  results.append(getStacks().size(), "slice");
  auto roleOfArgument = [&](unsigned i) { return function.getArgAttrOfType<StringAttr>(i, "nacre.role"); };
  auto roleOfResult = [&](unsigned i) { return function.getResultAttrOfType<StringAttr>(i, "nacre.role"); };
  if (failed(verifyFit(*this, getOperandTypes(), function.getArgumentTypes(), arguments, roleOfArgument, "argument")))
    return failure();
  return verifyFit(*this, getResultTypes(), function.getResultTypes(), results, roleOfResult, "result");
}

LogicalResult PortOp::verify() {
  if (getDirection() != "input" && getDirection() != "result")
    return emitOpError("goes neither in nor out: '") << getDirection() << "'";
  return success();
}

LogicalResult RunOp::verify() {
  if (getOffsets().size() != getSizes().size() || getOffsets().size() != getStrides().size())
    return emitOpError("needs as many sizes and strides as offsets, ") << getOffsets().size();
  if (getWrites() < 0 || static_cast<size_t>(getWrites()) > getOffsets().size())
    return emitOpError("writes ") << getWrites() << " of " << getOffsets().size() << " buffers";
  if (!getAdvance().empty() && getAdvance().size() != getOffsets().size() * getRepeats().size())
    return emitOpError("needs an advance for each of ")
           << getOffsets().size() << " buffers and " << getRepeats().size() << " repeats";
  return success();
}
