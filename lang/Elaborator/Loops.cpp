//===- Loops.cpp - Time or depth ------------------------------------------===//

#include "lang/Elaborator/LoopForm.h"
#include "lang/Elaborator/PrimitiveCalls.h"
#include "lang/Elaborator/TimeLoop.h"

#include <algorithm>
#include <cmath>

using namespace nacre::lang;

/// Up to here nobody minds that a loop is unrolled.
static constexpr int64_t fewSteps = 8;

TimeLoop *Evaluator::loopOf(Scope &scope, const FamilyPart &part) {
  const Statement &statement = *part.definition.statement;
  if (!pass->graph || !part.quantified || part.low >= part.high)
    return nullptr;
  LoopPlan &plan = scope.loops[&statement];
  if (plan.state == LoopPlan::State::Busy)
    throw Refusal{}; // Something outside needs an element: a circle, as depth will show.
  if (plan.state != LoopPlan::State::Unknown)
    return plan.loop;
  if (!loopForm(statement, *scope.info).subscriptsOnly) {
    plan.state = LoopPlan::State::Depth;
    return nullptr;
  }
  std::set<std::string> tensors;
  while (plan.state == LoopPlan::State::Unknown)
    tryLoop(scope, part, tensors);
  return plan.loop;
}

void Evaluator::tryLoop(Scope &scope, const FamilyPart &part, std::set<std::string> &tensors) {
  std::map<std::string, Instance> before = instances;
  TimeLoop &loop = *loops.emplace_back(std::make_unique<TimeLoop>(*this, scope, part, tensors));
  auto settle = [&](LoopPlan plan) {
    for (const Statement *member : loop.members())
      scope.loops[member] = plan;
  };
  auto giveUp = [&](LoopPlan::State state) {
    instances = before;
    settle({state, nullptr});
  };
  try {
    loop.build();
    settle({LoopPlan::State::Loop, &loop});
  } catch (const Failure &) {
    giveUp(LoopPlan::State::Depth); // Which fails as well, and says at which element.
  } catch (const Refusal &refusal) {
    giveUp(refusal.tryAgain ? LoopPlan::State::Unknown : LoopPlan::State::Depth);
    const Name &name = part.definition.where().name;
    bool concerns = !refusal.reason.empty() && loop.steps() > fewSteps;
    if (concerns && unrolled.emplace(part.definition.statement, scope.chain).second)
      reporter.warn({&scope, name.span}, "the " + std::to_string(loop.steps()) + " equations of '" + name.text +
                                             "' are unrolled: " + refusal.reason);
  }
}

/// Keeping every k-th of n steps takes room for as many as are kept and, in between, for k more. The k that needs the
/// least; of several one that leaves no rest, then the smallest.
static int64_t leastRoom(int64_t steps) {
  int64_t root = std::max<int64_t>(1, std::sqrt(double(steps)));
  auto cost = [&](int64_t k) { return std::pair((steps + k - 1) / k + k, steps % k != 0); };
  int64_t best = root;
  for (int64_t k = 1; k <= 2 * root; ++k)
    if (std::pair(cost(k), k) < std::pair(cost(best), best))
      best = k;
  return best;
}

int64_t Evaluator::recomputeOf(const TimeLoop &loop) const {
  int64_t every = 0;
  for (Policy &policy : settings->recompute) {
    bool holds = primitive::matchesPattern(loop.scope.path, policy.pattern);
    for (const std::string &call : loop.calls)
      holds |= primitive::matchesPattern(call, policy.pattern);
    policy.matched |= holds;
    if (!holds)
      continue;
    auto *k = std::get_if<int64_t>(&policy.value.value);
    bool isRoot = std::holds_alternative<std::string>(policy.value.value);
    every = k ? *k : isRoot ? leastRoom(loop.steps()) : 0;
  }
  return every;
}

std::optional<TimeIndex> Evaluator::timeIndex(const Expr &expr, const Context &context) {
  if (expr.kind != Expr::Kind::Subscript)
    return std::nullopt;
  for (const Local *local = context.locals; local; local = local->outer) {
    std::optional<TimeSubscript> subscript = timeSubscript(*expr.children[1], local->name->text);
    if (!subscript)
      continue;
    if (!local->loop) // Perhaps it hides a loop's variable.
      return std::nullopt;
    int64_t distance = subscript->distance ? evalInt(*subscript->distance, context, "an index") : 0;
    return TimeIndex{local->loop, local->name->text, subscript->back ? -distance : distance};
  }
  return std::nullopt;
}

Term Evaluator::subscriptByTime(const Expr &expr, const Context &context, const TimeIndex &at) {
  const Expr &base = *expr.children[0];
  Term term;
  {
    // What is the same in every step is made once, outside.
    EmitInto into(emitter, mentions(base, at.variable) ? emitter.graph : &at.loop->parent);
    term = eval(base, context);
  }
  if (!term.asTensor())
    throw Refusal{};
  const Tensor &tensor = *term.asTensor();
  std::string name(reporter.sources.text(base.span));
  return at.loop->tensorAt({context.scope, expr.span}, tensor, subscriptAxis(expr, context, tensor), at.offset, name);
}

void Evaluator::enterLoop(const Scope &scope) {
  if (!scope.info->states.empty())
    throw Refusal{}; // Which value would be next? Depth asks the author.
  if (scope.caller == &scope.loop->scope)
    scope.loop->calls.insert(scope.path);
}
