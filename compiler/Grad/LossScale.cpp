//===- LossScale.cpp - A factor that keeps gradients within f16 -----------===//

#include "Grad/LossScale.h"
#include "Graph/Term.h"

using namespace mlir;
using namespace nacre::graph;

namespace nacre::grad {

/// The states: the factor, and how many steps it has held for.
static constexpr llvm::StringLiteral factorName = "optimizer.loss_scale", stepsName = "optimizer.loss_scale_steps";

/// As of PyTorch's GradScaler. The square of the largest is an f32, too.
static constexpr double firstFactor = 65536, largestFactor = 0x1p60, stepsToGrow = 2000;

Value addLossScale(func::FuncOp forward, Type type) { return addArgument(forward, type, "state", factorName); }

Ports lossScaleStates(func::FuncOp forward) {
  Ports arguments = argumentsOf(forward);
  const Port *factor = findPort(arguments, "state", factorName);
  return factor ? Ports{*factor, {factor->role, stepsName.str(), factor->value}} : Ports();
}

bool isOfLossScale(const Port &state) { return state.is("state", factorName) || state.is("state", stepsName); }

void initLossScale(func::FuncOp init, const Ports &states) {
  OpBuilder builder(init.front().getTerminator());
  Ports results = resultsOf(init);
  for (const Port &state : states) {
    auto type = cast<RankedTensorType>(state.value.getType());
    double first = state.name == factorName ? firstFactor : 0;
    results.push_back({state.role, state.name, ConstantOp::create(builder, init.getLoc(), type, first)});
  }
  setResults(init, results);
}

void unscale(OpBuilder &builder, Ports &ports, const Ports &arguments) {
  const Port *factor = findPort(arguments, "state", factorName);
  if (!factor)
    return;
  OpBuilder::InsertionGuard guard(builder);
  Value value = factor->value;
  builder.setInsertionPointToStart(value.getParentBlock());
  Term scale(builder, value.getLoc(), value), inverse = scale.constant(1) / scale;
  for (Port &port : ports)
    if (port.is("gradient")) {
      if (port.value.getDefiningOp())
        builder.setInsertionPointAfterValue(port.value);
      else
        builder.setInsertionPointAfterValue(inverse);
      Term gradient(builder, port.value.getLoc(), port.value);
      port.value = gradient * gradient.at(inverse).broadcast(gradient.type(), {});
    }
}

Ports nextLossScale(OpBuilder &builder, const Ports &arguments, Value isFinite) {
  auto stateOf = [&](StringRef name) {
    Value value = findPort(arguments, "state", name)->value;
    return Term(builder, value.getLoc(), value);
  };
  Term factor = stateOf(factorName), steps = stateOf(stepsName) + factor.constant(1);
  Term finite = factor.at(isFinite), isDue = steps == steps.constant(stepsToGrow);
  Term grown = where(factor < factor.constant(largestFactor), factor * 2, factor);
  return {{"state", factorName.str(), where(finite, where(isDue, grown, factor), factor * 0.5)},
          {"state", stepsName.str(), where(finite, where(isDue, 0, steps), 0)},
          {"loss_scale", "", factor},
          {"skipped", "", where(finite, 0, factor.constant(1))}};
}

} // namespace nacre::grad
