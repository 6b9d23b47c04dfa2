//===- FunctionPlan.cpp - Order and places of a function's launches -------===//

#include "Host/FunctionPlan.h"

using namespace mlir;

namespace nacre::host {

const FunctionPlan &FunctionPlans::plan(func::FuncOp function, const Slots &slots) {
  Binding binding(function, slots);
  Workspace workspace(function, binding, [&](LoopOp loop) -> const Workspace & { return bodyOf(loop).workspace; });
  auto &place = plans[function];
  place = std::make_unique<const FunctionPlan>(FunctionPlan{std::move(binding), std::move(workspace)});
  return *place;
}

const FunctionPlan &FunctionPlans::bodyOf(LoopOp loop) {
  func::FuncOp body = host::bodyOf(loop);
  if (auto found = plans.find(body); found != plans.end())
    return *found->second;
  Slots slots;
  for (size_t i = 0; i < loop->getNumOperands(); ++i)
    slots.arguments.push_back(i);
  for (size_t i = 0; i < loop.getFinals().size(); ++i)
    slots.results.push_back(i);
  for (size_t i = 0; i < loop.getStacks().size(); ++i)
    slots.results.push_back(loop->getNumOperands() + i);
  return plan(body, slots);
}

int64_t FunctionPlans::copies() const {
  int64_t copies = 0;
  for (const auto &[function, plan] : plans)
    copies += plan->binding.copies;
  return copies;
}

} // namespace nacre::host
