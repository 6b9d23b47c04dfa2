//===- Number.h - Arithmetic that ends while compiling ----------*- C++ -*-===//
//
// Operators and functions of compile-time numbers, with every overflow an error.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Reporter.h"

namespace nacre::lang {

/// `a op b` of two numbers; comparisons give bools. Not for `and`, `or`, `==` and `!=`.
Term arithmetic(const Reporter &reporter, const Site &site, BinaryOp op, const Term &a, const Term &b);

/// An elementwise function of numbers: `sqrt`, `max`, `floor`. Those with integer results give ints.
Term numberFunction(const Reporter &reporter, const Site &site, const std::string &name,
                    const std::vector<Term> &operands);

/// A float as an int; an error if it has no place in 64 bits.
int64_t toInt(const Reporter &reporter, const Site &site, double number);

} // namespace nacre::lang
