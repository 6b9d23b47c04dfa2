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

SmallVector<RepeatOp> RunOp::getRepeats() {
  SmallVector<RepeatOp> repeats;
  for (auto repeat = dyn_cast<RepeatOp>((*this)->getParentOp()); repeat;
       repeat = dyn_cast<RepeatOp>(repeat->getParentOp()))
    repeats.push_back(repeat);
  std::reverse(repeats.begin(), repeats.end());
  return repeats;
}

int64_t RunOp::getTimes() {
  int64_t times = 1;
  for (RepeatOp repeat : getRepeats())
    times *= repeat.getSteps();
  return times;
}

int64_t RunOp::getAdvance(size_t depth, size_t buffer) {
  return getAdvance().empty() ? 0 : getAdvance()[depth * getOffsets().size() + buffer];
}

void HostDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Host/HostOps.cpp.inc"
      >();
}
