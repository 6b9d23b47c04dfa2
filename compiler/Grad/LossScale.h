//===- LossScale.h - A factor that keeps gradients within f16 ---*- C++ -*-===//
//
// Gradients are often smaller than the least number of f16. So the loss counts as if it
// were many times larger, and gradients are divided by that again before they are used.
// How many times is found while training: twice as many after a while without overflow,
// half as many behind a step whose gradients are not finite, which changes nothing else.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Graph/Ports.h"

namespace nacre::grad {

/// Adds the factor to the states that a function reads.
mlir::Value addLossScale(mlir::func::FuncOp forward, mlir::Type type);
/// The states of the loss scale, of which a function reads the factor; none without it.
graph::Ports lossScaleStates(mlir::func::FuncOp forward);
bool isOfLossScale(const graph::Port &state);
/// Makes @init return what the states begin with.
void initLossScale(mlir::func::FuncOp init, const graph::Ports &states);

/// Divides the gradients among those ports by the factor among the arguments of their function, if there is one.
void unscale(mlir::OpBuilder &builder, graph::Ports &ports, const graph::Ports &arguments);
/// What the states are after a step, and what is to be said of it: its factor, and whether it was `skipped`.
graph::Ports nextLossScale(mlir::OpBuilder &builder, const graph::Ports &arguments, mlir::Value isFinite);

} // namespace nacre::grad
