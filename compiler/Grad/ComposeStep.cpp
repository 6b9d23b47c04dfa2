//===- ComposeStep.cpp - Makes the functions that the binary runs ---------===//

#include "Grad/ComposeCheck.h"
#include "Grad/Passes.h"
#include "Graph/Ports.h"
#include "Graph/Term.h"
#include "mlir/IR/IRMapping.h"

namespace nacre::grad {
#define GEN_PASS_DEF_COMPOSESTEP
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

/// Copies the body of `callee` to the builder's place and gives its results there.
static Ports inlineCall(OpBuilder &builder, func::FuncOp callee, IRMapping &arguments) {
  for (Operation &op : callee.front().without_terminator())
    builder.clone(op, arguments);
  Ports results = resultsOf(callee);
  for (Port &result : results)
    result.value = arguments.lookup(result.value);
  return results;
}

/// sqrt of the sum of the squares of all gradients.
static Value normOf(OpBuilder &builder, Location loc, ArrayRef<Value> gradients, Type type) {
  auto scalar = cast<RankedTensorType>(type);
  std::optional<Term> sum;
  for (Value gradient : gradients) {
    Term g(builder, loc, gradient);
    Term square = (g * g).reduce(ReduceKind::Sum, llvm::to_vector(llvm::seq<int64_t>(0, g.rank())));
    square = square.convert(scalar.getElementType());
    sum = sum ? *sum + square : square;
  }
  return sum ? Value(sqrt(*sum)) : Value(ConstantOp::create(builder, loc, scalar, 0.0));
}

namespace {
/// Builds @train from @forward_train (with gradients) and @update.
class StepComposer {
public:
  StepComposer(OpBuilder &builder, func::FuncOp forward, func::FuncOp update)
      : forward(forward), update(update), step(makeFunction(builder, forward.getLoc(), "train")),
        builder(OpBuilder::atBlockEnd(&step.front())) {}

  void compose(func::FuncOp init) {
    addArguments(init);
    Ports ofForward = runForward(), ofUpdate;
    if (update)
      ofUpdate = runUpdate(ofForward);
    setResults(step, stepResults(ofForward, ofUpdate));
  }

private:
  /// Parameters and states in the order of the checkpoint (that of @init), then
  /// the fields. A state that is written but not read is an argument too: the
  /// guard falls back to it.
  void addArguments(func::FuncOp init) {
    Ports used = argumentsOf(forward);
    llvm::append_range(used, resultsOf(forward));
    if (update) {
      llvm::append_range(used, argumentsOf(update));
      llvm::append_range(used, resultsOf(update));
    }
    Ports known = init ? resultsOf(init) : Ports();
    llvm::append_range(known, used);
    for (StringRef role : {"param", "state", "field"})
      for (const Port &port : known)
        if (port.is(role) && findPort(used, role, port.name) && !findPort(arguments, role, port.name))
          arguments.push_back({port.role, port.name, addArgument(step, port.value.getType(), role, port.name)});
  }

  Ports runForward() {
    IRMapping mapping;
    for (const Port &argument : argumentsOf(forward))
      mapping.map(argument.value, findPort(arguments, argument.role, argument.name)->value);
    return inlineCall(builder, forward, mapping);
  }

  /// Hands @update its arguments. Gradients that it does not read are dropped
  /// from `ofForward`: their parameters are frozen.
  Ports runUpdate(Ports &ofForward) {
    Ports wanted = argumentsOf(update);
    llvm::erase_if(ofForward, [&](const Port &result) {
      const Port *argument = result.is("gradient") ? findPort(wanted, "gradient", result.name) : nullptr;
      return result.is("gradient") && (!argument || argument->value.use_empty());
    });
    SmallVector<Value> gradients;
    for (const Port &result : ofForward)
      if (result.is("gradient"))
        gradients.push_back(result.value);

    IRMapping mapping;
    for (const Port &argument : wanted) {
      const Port *source =
          findPort(argument.is("gradient") ? ArrayRef<Port>(ofForward) : arguments, argument.role, argument.name);
      if (source)
        mapping.map(argument.value, source->value);
      else if (argument.is("grad_norm") && !argument.value.use_empty())
        mapping.map(argument.value, normOf(builder, update.getLoc(), gradients, argument.value.getType()));
      else
        mapping.map(argument.value, Value(ConstantOp::create(builder, update.getLoc(),
                                                             cast<RankedTensorType>(argument.value.getType()), 0.0)));
    }
    return inlineCall(builder, update, mapping);
  }

  /// `fresh` where the loss is finite, else the value of before the step.
  Value guarded(Value fresh, Value old) {
    Term value(builder, fresh.getLoc(), fresh);
    Term condition = value.at(finite).broadcast(cast<RankedTensorType>(boolLike(fresh.getType())), {});
    return where(condition, value, value.at(old));
  }

  Ports stepResults(const Ports &ofForward, const Ports &ofUpdate) {
    const Port *loss = llvm::find_if(ofForward, [](const Port &port) { return port.is("loss"); });
    Term value(builder, loss->value.getLoc(), loss->value);
    finite = (value - value) == value.constant(0);

    Ports all(ofForward), results{*loss};
    llvm::append_range(all, ofUpdate);
    for (StringRef role : {"param", "state"})
      for (const Port &argument : arguments) {
        const Port *fresh = argument.is(role) ? findPort(all, role, argument.name) : nullptr;
        if (fresh && fresh->value != argument.value)
          results.push_back({fresh->role, fresh->name, guarded(fresh->value, argument.value)});
      }
    for (StringRef role : {"gradient", "lr", "metric", "total", "show"})
      llvm::copy_if(all, std::back_inserter(results), [&](const Port &port) { return port.is(role); });
    return results;
  }

  func::FuncOp forward, update, step;
  OpBuilder builder;
  Ports arguments;
  Value finite;
};

struct ComposeStep : nacre::grad::impl::ComposeStepBase<ComposeStep> {
  using ComposeStepBase::ComposeStepBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto named = [&](StringRef name) { return module.lookupSymbol<func::FuncOp>(name); };
    if (func::FuncOp forward = named("forward_train")) {
      func::FuncOp update = named("update");
      OpBuilder builder(forward);
      StepComposer(builder, forward, update).compose(named("init"));
      forward.erase();
      if (update)
        update.erase();
    }
    if (func::FuncOp check = named("forward_check")) {
      nacre::grad::composeCheck(check);
      check.erase();
    }
    for (auto [from, to] : {std::pair("forward_eval", "eval"), std::pair("forward_eval_one", "eval_one")})
      if (func::FuncOp evaluation = named(from))
        evaluation.setName(to);
  }
};
} // namespace
