//===- HostDialect.cpp - Registration of the host dialect -----------------===//

#include "Host/Host.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace nacre::host;

#include "Host/HostDialect.cpp.inc"

/// A bare word in the text, a string in the IR.
static ParseResult parseWord(OpAsmParser &parser, StringAttr &word) {
  std::string text;
  if (parser.parseKeywordOrString(&text))
    return failure();
  word = parser.getBuilder().getStringAttr(text);
  return success();
}

static void printWord(OpAsmPrinter &printer, Operation *, StringAttr word) { printer.printKeywordOrString(word); }

#define GET_OP_CLASSES
#include "Host/HostOps.cpp.inc"

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
  return success();
}

void HostDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Host/HostOps.cpp.inc"
      >();
}
