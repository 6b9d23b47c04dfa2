//===- AstToGraph.h - An elaborated program as graph IR ---------*- C++ -*-===//
//
// One function for each of the program's: @init, @forward_train, @forward_eval,
// @forward_eval_one, @update, @finish, @forward_check. Arguments and results carry `nacre.role`
// and `nacre.name` (Graph/Ports.h).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Program.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace nacre {

struct ToGraphOptions {
  unsigned floatBits = 32; ///< 32 or 64: the width of the language's floats
  bool lossScale = false;  ///< Whether gradients need one, for they will be stored as f16.
  bool runsAhead = false;  ///< Whether updates begin before the loss of those before them is known.
};

/// The program as a module of graph functions.
mlir::OwningOpRef<mlir::ModuleOp> toGraph(const lang::Program &program, const ToGraphOptions &options,
                                          mlir::MLIRContext &context);

} // namespace nacre
