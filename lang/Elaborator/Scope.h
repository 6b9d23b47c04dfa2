//===- Scope.h - One call of a function, while it is expanded ---*- C++ -*-===//
//
// The arguments, axes and equations of a call, each equation evaluated when it
// is first needed; and the place in the program from which an expression is
// evaluated.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Body.h"
#include "lang/Elaborator/Module.h"
#include "lang/Elaborator/Term.h"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace nacre::lang {

/// Where something stands in the expanded program, to be compared lexicographically: bodies from top to bottom,
/// calls expanded in place, families by index.
using Order = std::vector<int64_t>;

/// The axes a name stands for: one, or any number if it is a pack.
struct AxisBinding {
  bool pack = false;
  std::vector<AxisId> ids;
  std::vector<int64_t> sizes;
};

/// The value of an equation, or that it is being computed.
struct Slot {
  enum class State : uint8_t { Empty, Busy, Ready };
  State state = State::Empty;
  std::vector<Term> values; ///< By target.
};

/// The elements that one equation of a family covers.
struct FamilyPart {
  Definition definition;
  int64_t low, high;
  bool quantified;
};

class TimeLoop;

/// Whether a quantified equation is a loop over time.
struct LoopPlan {
  enum class State : uint8_t { Unknown, Busy, Loop, Depth };
  State state = State::Unknown;
  TimeLoop *loop = nullptr;
};

struct Scope {
  const BodyInfo *info = nullptr; ///< Null for a constant of a file.
  Module *module = nullptr;
  Scope *experiment = nullptr; ///< Whose names are seen, too.
  Scope *caller = nullptr;
  Span call = nowhere; ///< The call, in the caller's body.
  std::string name;    ///< What was called.
  bool block = false;

  std::string path;   ///< Of the instance.
  std::string stream; ///< Names the random draws below.
  uint32_t chain = 0; ///< Interned sequence of calls from the root.
  uint32_t frame = 0; ///< Of the call, in `Program::frames`.
  Order order;
  unsigned depth = 0;
  uint32_t serial = 0;      ///< Owner of the axes this scope names.
  Graph *graph = nullptr;   ///< Where the call was expanded.
  TimeLoop *loop = nullptr; ///< In whose equations it is.

  std::vector<Term> arguments; ///< Those bound so far.
  std::unordered_map<std::string, AxisBinding> axes;
  std::vector<std::pair<AxisId, AxisId>> callerAxes;              ///< Ours, the caller's.
  std::unordered_map<const void *, std::map<int64_t, Slot>> memo; ///< By statement or setting, and index.
  std::unordered_map<const Entry *, std::vector<FamilyPart>> families;
  std::unordered_map<const Statement *, LoopPlan> loops;
  std::unordered_map<uint32_t, uint32_t> frames; ///< By place in the text.
};

/// A loop variable.
struct Local {
  const Local *outer;
  const Name *name;
  Term value;
  TimeLoop *loop = nullptr; ///< Of which it is the variable, which then has no value.
};

/// From where an expression is evaluated.
struct Context {
  Scope *scope;
  const Local *locals = nullptr;
  Order order;              ///< Of the equation, below the scope's.
  std::string stream;       ///< The scope's, with the indices of loops.
  TimeLoop *loop = nullptr; ///< In whose body this is.
};

/// A place in the text and the call it is expanded in.
struct Site {
  Scope *scope = nullptr;
  Span span = nowhere;
};

} // namespace nacre::lang
