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

void HostDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Host/HostOps.cpp.inc"
      >();
}
