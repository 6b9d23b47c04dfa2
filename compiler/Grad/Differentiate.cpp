//===- Differentiate.cpp - Reverse mode over straight-line code -----------===//

#include "Grad/Passes.h"
#include "Graph/Ports.h"
#include "Graph/Term.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace nacre::grad {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

/// The values through which a change of a parameter can reach the loss. An op
/// without an adjoint (stop_gradient, floor, comparisons) passes nothing on.
static DenseSet<Value> dependentOn(ArrayRef<Value> parameters, Block &body) {
  DenseSet<Value> dependent(parameters.begin(), parameters.end());
  for (Operation &op : body) {
    bool depends = llvm::any_of(op.getOperands(), [&](Value operand) { return dependent.contains(operand); });
    if (!depends || !isa<DifferentiableOpInterface>(op))
      continue;
    for (Value result : op.getResults())
      if (isa<FloatType>(getElementTypeOrSelf(result)))
        dependent.insert(result);
  }
  return dependent;
}

namespace {
/// One sweep from the loss to the parameters.
class ReverseSweep {
public:
  ReverseSweep(Block &body, ArrayRef<Value> parameters)
      : builder(body.getTerminator()), dependent(dependentOn(parameters, body)) {}

  /// Returns how many ops were visited.
  int64_t run(Block &body, Value loss) {
    SmallVector<Operation *> forward;
    for (Operation &op : body.without_terminator())
      forward.push_back(&op);
    if (dependent.contains(loss))
      gradients[loss] = Term(builder, loss.getLoc(), loss).constant(1);
    int64_t visited = 0;
    for (Operation *op : llvm::reverse(forward))
      visited += visit(op);
    eraseUnused(body, forward.size());
    return visited;
  }

  Value gradientOf(Value value) {
    Value gradient = gradients.lookup(value);
    return gradient ? gradient : Term(builder, value.getLoc(), value).constant(0);
  }

private:
  bool visit(Operation *op) {
    SmallVector<Value> ofResults, ofOperands;
    for (Value result : op->getResults())
      ofResults.push_back(gradients.lookup(result));
    if (llvm::none_of(ofResults, [](Value gradient) { return bool(gradient); }))
      return false;
    cast<DifferentiableOpInterface>(op).adjoint(builder, ofResults, ofOperands);
    assert(ofOperands.size() == op->getNumOperands() && "an adjoint answers for every operand");
    for (auto [operand, gradient] : llvm::zip_equal(op->getOperands(), ofOperands)) {
      if (!gradient || !dependent.contains(operand))
        continue;
      Value &sum = gradients[operand];
      sum = sum ? Value(AddOp::create(builder, op->getLoc(), operand.getType(), sum, gradient)) : gradient;
    }
    return true;
  }

  /// Adjoints answer for all operands; what was made for those that need none goes.
  void eraseUnused(Block &body, size_t forwardOps) {
    SmallVector<Operation *> made;
    for (Operation &op : llvm::drop_begin(body.without_terminator(), forwardOps))
      made.push_back(&op);
    DenseSet<Operation *> kept;
    for (auto &[value, gradient] : gradients)
      if (gradient.getDefiningOp())
        kept.insert(gradient.getDefiningOp());
    for (Operation *op : llvm::reverse(made))
      if (op->use_empty() && !kept.contains(op))
        op->erase();
  }

  OpBuilder builder;
  DenseSet<Value> dependent;
  DenseMap<Value, Value> gradients;
};

struct Differentiate : nacre::grad::impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  void runOnOperation() override {
    auto forward = getOperation().lookupSymbol<func::FuncOp>(function);
    if (!forward)
      return;
    Ports results = resultsOf(forward);
    const Port *loss = llvm::find_if(results, [](const Port &port) { return port.is("loss"); });
    if (loss == results.end()) {
      forward.emitError("a function to differentiate needs a result of role \"loss\"");
      return signalPassFailure();
    }
    SmallVector<Value> parameters;
    Ports arguments = argumentsOf(forward);
    llvm::erase_if(arguments, [](const Port &port) { return !port.is("param"); });
    for (const Port &parameter : arguments)
      parameters.push_back(parameter.value);
    ReverseSweep sweep(forward.front(), parameters);
    visited += sweep.run(forward.front(), loss->value);
    for (const Port &parameter : arguments)
      results.push_back({"gradient", parameter.name, sweep.gradientOf(parameter.value)});
    setResults(forward, results);
  }
};
} // namespace
