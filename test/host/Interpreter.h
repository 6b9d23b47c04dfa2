//===- Interpreter.h - What launches compute, as values and in memory -*- C++ -*-===//
//
// Every buffer holds integers, and each of a result tells by its value what was
// read to compute it: no wrong read goes unseen. `@mix` reads all of its inputs
// for each number; so does `@blend`, but of the first input only the number at the
// same index; `@point` reads all inputs there.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Host/Host.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstdint>
#include <vector>

namespace nacre::test {

using Numbers = std::vector<uint64_t>;

/// The results of a function of launches and loops, by the values it is written in.
std::vector<Numbers> evaluate(mlir::func::FuncOp function, const std::vector<Numbers> &arguments);

/// Runs the launches of a planned entry in memory. What a launch writes is spoiled before it reads, where it may not
/// share it with an input.
void run(host::EntryOp entry, Numbers &arena);

} // namespace nacre::test
