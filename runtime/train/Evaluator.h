//===- Evaluator.h - One pass over the evaluation data ----------*- C++ -*-===//
//
// Every sample once: full batches by the entry "eval", the rest one by one by
// "eval_one".
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>

#include "runtime/core/Console.h"
#include "runtime/data/Pipeline.h"
#include "runtime/train/Sheet.h"
#include "runtime/train/Tally.h"

namespace nacre::runtime {

struct Evaluation {
  Values values;
  Sheet sheet;
};

/// Evaluates the parameters in the arena. `run` gives seed and horizon. Nothing if a signal came first.
std::optional<Evaluation> evaluate(Machine &machine, const Pipeline &data, Moment run, Console &console);

} // namespace nacre::runtime
