//===- PrimitiveCalls.h - What calls of primitives do -----------*- C++ -*-===//
//
// The functions behind the table in Primitive.cpp, by subject.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Evaluator.h"

namespace nacre::lang::primitive {

//--- Reading arguments
Tensor tensorArgument(Evaluator &e, PrimitiveCall &call, size_t index);
int64_t intArgument(Evaluator &e, PrimitiveCall &call, size_t index);
std::vector<int64_t> intsArgument(Evaluator &e, PrimitiveCall &call, size_t index);
/// The one axis of the call's `over`.
int64_t oneAxis(Evaluator &e, PrimitiveCall &call, const Tensor &tensor);

//--- Elementwise functions (ElementwisePrimitives.cpp)
Term unary(Evaluator &, PrimitiveCall &);
Term extremum(Evaluator &, PrimitiveCall &); ///< max, min: of two, of a list, or over axes.
Term where(Evaluator &, PrimitiveCall &);
Term convert(Evaluator &, PrimitiveCall &); ///< float, int
Term stopGradient(Evaluator &, PrimitiveCall &);

//--- Tensors (TensorPrimitives.cpp)
Term sum(Evaluator &, PrimitiveCall &);
Term dot(Evaluator &, PrimitiveCall &);
Term conv(Evaluator &, PrimitiveCall &);
Term convTranspose(Evaluator &, PrimitiveCall &);
Term window(Evaluator &, PrimitiveCall &);
Term reshape(Evaluator &, PrimitiveCall &);
Term transpose(Evaluator &, PrimitiveCall &);
Term take(Evaluator &, PrimitiveCall &);
Term pad(Evaluator &, PrimitiveCall &);
Term concat(Evaluator &, PrimitiveCall &);
Term stack(Evaluator &, PrimitiveCall &);
Term expand(Evaluator &, PrimitiveCall &);
Term index(Evaluator &, PrimitiveCall &);
Term tensor(Evaluator &, PrimitiveCall &);
Term random(Evaluator &, PrimitiveCall &);
Term total(Evaluator &, PrimitiveCall &);

//--- Compile time (ListPrimitives.cpp)
Term length(Evaluator &, PrimitiveCall &);
Term product(Evaluator &, PrimitiveCall &);
Term shape(Evaluator &, PrimitiveCall &);
Term each(Evaluator &, PrimitiveCall &);
Term matches(Evaluator &, PrimitiveCall &);
Term known(Evaluator &, PrimitiveCall &);
/// Folds a list of numbers or tensors with a function of two.
Term fold(Evaluator &, PrimitiveCall &, const List &list, const std::string &name);

/// Does `*` in the pattern, standing for any text, make it match?
bool matchesPattern(const std::string &text, const std::string &pattern);

} // namespace nacre::lang::primitive
