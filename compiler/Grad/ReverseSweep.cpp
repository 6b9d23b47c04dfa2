//===- ReverseSweep.cpp - Reverse mode over straight-line code ------------===//

#include "Grad/ReverseSweep.h"
#include "Graph/Term.h"

using namespace mlir;
using namespace nacre::graph;

namespace nacre::grad {

DenseSet<Value> dependentOn(ArrayRef<Value> sources, Block &body) {
  DenseSet<Value> dependent(sources.begin(), sources.end());
  for (Operation &op : body) {
    bool depends = llvm::any_of(op.getOperands(), [&](Value operand) { return dependent.contains(operand); });
    if (!depends || !isa<DifferentiableOpInterface, ScanOp>(op))
      continue;
    for (Value result : op.getResults())
      if (isa<FloatType>(getElementTypeOrSelf(result)))
        dependent.insert(result);
  }
  return dependent;
}

ReverseSweep::ReverseSweep(Block &body, ArrayRef<Value> sources, Simplify simplify)
    : body(body), simplify(simplify), builder(body.getTerminator()), dependent(dependentOn(sources, body)) {
  for (Operation &op : body.without_terminator())
    forward.push_back(&op);
}

int64_t ReverseSweep::run() {
  int64_t visited = 0;
  for (Operation *op : llvm::reverse(forward))
    visited += visit(op);
  eraseUnused();
  return visited;
}

Value ReverseSweep::gradientOf(Value value) {
  Value gradient = gradients.lookup(value);
  return gradient ? gradient : Term(builder, value.getLoc(), value).constant(0);
}

void ReverseSweep::add(Value value, Value gradient) {
  if (!gradient || !dependent.contains(value))
    return;
  Value &sum = gradients[value];
  sum = sum ? Value(AddOp::create(builder, gradient.getLoc(), value.getType(), sum, gradient)) : gradient;
}

bool ReverseSweep::visit(Operation *op) {
  SmallVector<Value> ofResults, ofOperands;
  for (Value result : op->getResults())
    ofResults.push_back(gradients.lookup(result));
  if (llvm::none_of(ofResults, [](Value gradient) { return bool(gradient); }))
    return false;
  if (auto scan = dyn_cast<ScanOp>(op))
    adjointOfScan(builder, scan, dependent, ofResults, simplify, ofOperands);
  else
    cast<DifferentiableOpInterface>(op).adjoint(builder, ofResults, ofOperands);
  assert(ofOperands.size() == op->getNumOperands() && "an adjoint answers for every operand");
  for (auto [operand, gradient] : llvm::zip_equal(op->getOperands(), ofOperands))
    add(operand, gradient);
  return true;
}

/// Adjoints answer for all operands; what was made for those that need none goes.
void ReverseSweep::eraseUnused() {
  DenseSet<Operation *> kept(forward.begin(), forward.end());
  for (auto &[value, gradient] : gradients)
    if (gradient.getDefiningOp())
      kept.insert(gradient.getDefiningOp());
  SmallVector<Operation *> all;
  for (Operation &op : body.without_terminator())
    all.push_back(&op);
  for (Operation *op : llvm::reverse(all))
    if (op->use_empty() && !kept.contains(op))
      op->erase();
}

} // namespace nacre::grad
