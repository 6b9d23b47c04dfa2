//===- GraphDialect.cpp - Registration of the graph dialect ---------------===//

#include "Graph/FoldConstants.h"
#include "Graph/Graph.h"

using namespace mlir;
using namespace nacre::graph;

#include "Graph/GraphDialect.cpp.inc"
#include "Graph/GraphEnums.cpp.inc"
#include "Graph/GraphInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "Graph/GraphOps.cpp.inc"

void GraphDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Graph/GraphOps.cpp.inc"
      >();
  addConstantFolding(*this);
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements ? ConstantOp::create(builder, loc, type, elements).getOperation() : nullptr;
}
