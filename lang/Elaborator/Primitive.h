//===- Primitive.h - The functions the compiler knows -----------*- C++ -*-===//
//
// A table of names, parameters and what a complete call does. Everything else in
// the language is written with these.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Term.h"

#include <string>
#include <vector>

namespace nacre::lang {

class Evaluator;
struct PrimitiveCall;

struct PrimitiveParameter {
  std::string name;
  bool required = true;
};

/// What a call's `over` may say.
enum class OverRule : uint8_t { None, One, Any };

struct Primitive {
  std::string name;
  std::vector<PrimitiveParameter> parameters;
  OverRule over = OverRule::None;
  Term (*call)(Evaluator &, PrimitiveCall &) = nullptr;
};

/// Null if there is none of that name.
const Primitive *findPrimitive(const std::string &name);
std::vector<std::string> primitiveNames();

} // namespace nacre::lang
