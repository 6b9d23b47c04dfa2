//===- HostDialect.cpp - Registration of the host dialect -----------------===//

#include "Host/Host.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace nacre::host;

#include "Host/HostDialect.cpp.inc"

#define GET_OP_CLASSES
#include "Host/HostOps.cpp.inc"

void HostDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Host/HostOps.cpp.inc"
      >();
}
