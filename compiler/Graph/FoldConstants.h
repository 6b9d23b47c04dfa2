//===- FoldConstants.h - Constants through the evaluator --------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"

namespace nacre::graph {

/// Lets the dialect fold ops of constants by evaluating them.
void addConstantFolding(GraphDialect &dialect);

} // namespace nacre::graph
