//===- FusedDialect.cpp - Registration of the fused dialect ---------------===//

#include "Fused/Fused.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre::fused;

#include "Fused/FusedDialect.cpp.inc"
#include "Fused/FusedEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "Fused/FusedAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "Fused/FusedOps.cpp.inc"

void FusedDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "Fused/FusedAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "Fused/FusedOps.cpp.inc"
      >();
}
