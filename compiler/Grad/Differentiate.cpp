//===- Differentiate.cpp - Gradients of the loss --------------------------===//

#include "Grad/LossScale.h"
#include "Grad/Passes.h"
#include "Grad/ReverseSweep.h"
#include "Graph/Ports.h"
#include "Graph/Term.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace nacre::grad {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;
using namespace nacre::grad;

namespace {
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
    auto simplify = [&](func::FuncOp body) {
      OpPassManager laws(func::FuncOp::getOperationName());
      laws.addPass(createCanonicalizerPass());
      laws.addPass(createCSEPass());
      laws.addPass(createReduceSimplify());
      if (failed(runPipeline(laws, body)))
        signalPassFailure();
    };
    ReverseSweep sweep(forward.front(), parameters, simplify);
    OpBuilder builder(forward.front().getTerminator());
    sweep.seed(loss->value, forward->hasAttr(lossScaleAttr)
                                ? addLossScale(forward, loss->value.getType())
                                : Value(Term(builder, loss->value.getLoc(), loss->value).constant(1)));
    visited += sweep.run();
    for (const Port &parameter : arguments)
      results.push_back({"gradient", parameter.name, sweep.gradientOf(parameter.value)});
    setResults(forward, results);
  }
};
} // namespace
