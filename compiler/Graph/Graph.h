//===- Graph.h - The graph dialect ------------------------------*- C++ -*-===//
#pragma once

#include "Graph/Array.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace nacre::graph {
/// The type of a comparison of tensors of this type.
inline mlir::Type boolLike(mlir::Type type) {
  return llvm::cast<mlir::RankedTensorType>(type).clone(mlir::IntegerType::get(type.getContext(), 1));
}
} // namespace nacre::graph

#include "Graph/GraphDialect.h.inc"
#include "Graph/GraphEnums.h.inc"
#include "Graph/GraphInterfaces.h.inc"

#define GET_OP_CLASSES
#include "Graph/GraphOps.h.inc"
