//===- Workspace.cpp - The memory of what a function computes -------------===//

#include "Host/Workspace.h"
#include "Host/Arena.h"

using namespace mlir;

namespace nacre::host {

Workspace::Workspace(func::FuncOp function, const Binding &binding,
                     llvm::function_ref<const Workspace &(LoopOp)> ofBody) {
  for (Value argument : function.getArguments())
    addValue(argument, -1, binding);
  for (auto [step, op] : llvm::enumerate(binding.order())) {
    addReads(op->getOperands(), step);
    for (Value result : op->getResults())
      addValue(result, step, binding);
    if (auto loop = dyn_cast<LoopOp>(op))
      ofLoop[loop] = add(ofBody(loop).bytes(), step);
  }
  addReads(function.getBody().front().getTerminator()->getOperands(), binding.order().size());
  for (Operation *op : binding.order())
    if (auto launch = dyn_cast<LaunchOp>(op))
      allowOver(launch);
  plan = planMemory(lifetimes);

  auto isAlive = [&](size_t i) { return lifetimes[i].first <= plan.peakStep && plan.peakStep <= lifetimes[i].last; };
  for (auto [value, i] : ofValue)
    if (isAlive(i) && !initOf(value))
      alive.push_back({lifetimes[i].bytes, value});
  for (auto [loop, i] : ofLoop)
    if (isAlive(i))
      llvm::append_range(alive, ofBody(cast<LoopOp>(loop)).peak());
}

size_t Workspace::add(int64_t bytes, int64_t step) {
  lifetimes.push_back({bytes, step, step, {}});
  return lifetimes.size() - 1;
}

void Workspace::addValue(Value value, int64_t step, const Binding &binding) {
  if (binding.slotOf(value))
    return;
  Value init = initOf(value);
  ofValue[value] = init ? ofValue.lookup(init) : add(bytesOf(cast<RankedTensorType>(value.getType())), step);
}

void Workspace::addReads(ValueRange values, int64_t step) {
  for (Value value : values)
    if (auto found = ofValue.find(value); found != ofValue.end())
      lifetimes[found->second].last = step;
}

/// Lets results of a launch take the places of inputs. What the runtime wrote stays as it is: a benchmark writes it
/// once.
void Workspace::allowOver(LaunchOp launch) {
  ArrayRef<int64_t> pairs = launch.getInPlace();
  for (size_t p = 0; p + 1 < pairs.size(); p += 2) {
    Value from = launch.getInputs()[pairs[p]];
    OpResult to = launch->getResult(pairs[p + 1]);
    if (ofValue.contains(to) && ofValue.contains(from) && !isa<BlockArgument>(from) && mayWriteOver(launch, from, to))
      lifetimes[ofValue[to]].over.push_back(ofValue[from]);
  }
}

} // namespace nacre::host
