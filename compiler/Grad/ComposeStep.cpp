//===- ComposeStep.cpp - Makes the functions that the binary runs ---------===//

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

/// Copies the body of `callee` to the builder's place and gives `results` there.
static Ports inlineCall(OpBuilder &builder, func::FuncOp callee, Ports results, IRMapping &arguments) {
  for (Operation &op : callee.front().without_terminator())
    builder.clone(op, arguments);
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
/// A function of the binary that is put together from functions of the model.
struct Entry {
  Entry(OpBuilder &before, Location loc, StringRef name)
      : function(makeFunction(before, loc, name)), builder(OpBuilder::atBlockEnd(&function.front())) {}

  func::FuncOp function;
  OpBuilder builder;
  Ports arguments;
};

/// Builds @train from @forward_train (with gradients) and @update; with `accumulate` micro-batches in an update, @train
/// of one of these, which adds to the gradients, and @apply.
class StepComposer {
public:
  StepComposer(OpBuilder &builder, func::FuncOp forward, func::FuncOp update, func::FuncOp init)
      : before(builder), forward(forward), update(update), ofForward(resultsOf(forward)),
        known(init ? resultsOf(init) : Ports()) {
    if (update)
      dropUnreadGradients();
  }

  void compose() {
    auto accumulate = forward->getAttrOfType<IntegerAttr>(accumulateAttr);
    if (!update || !accumulate) {
      composeTrain();
    } else {
      composeMicro(accumulate.getInt());
      composeApply();
    }
  }

private:
  void composeTrain() {
    Entry train(before, forward.getLoc(), "train");
    Ports used = portsOfForward();
    if (update)
      llvm::append_range(used, portsOfUpdate());
    addArguments(train, used, {"param", "state", "field"});
    Ports results = runForward(train);
    if (update)
      llvm::append_range(results, runUpdate(train, results));
    finish(train, results);
  }

  /// The gradients are means over the whole update: each micro-batch adds its share.
  void composeMicro(int64_t accumulate) {
    Entry train(before, forward.getLoc(), "train");
    addArguments(train, portsOfForward(), {"param", "state", "gradient", "field"});
    Ports results = runForward(train);
    for (Port &result : results)
      if (result.is("gradient")) {
        train.builder.setInsertionPointAfterValue(result.value); // what it is made of need not stay until the end
        Term share = Term(train.builder, result.value.getLoc(), result.value) * (1.0 / accumulate);
        result.value = share.at(findPort(train.arguments, "gradient", result.name)->value) + share;
      }
    train.builder.setInsertionPointToEnd(&train.function.front());
    finish(train, results);
  }

  /// The runtime comes here only if all losses are finite.
  void composeApply() {
    Entry apply(before, update.getLoc(), "apply");
    addArguments(apply, portsOfUpdate(), {"param", "state", "gradient"});
    finish(apply, runUpdate(apply, apply.arguments));
  }

  /// A gradient that @update does not read is not computed: its parameter is frozen.
  void dropUnreadGradients() {
    Ports wanted = argumentsOf(update);
    llvm::erase_if(ofForward, [&](const Port &result) {
      const Port *argument = result.is("gradient") ? findPort(wanted, "gradient", result.name) : nullptr;
      return result.is("gradient") && (!argument || argument->value.use_empty());
    });
  }

  Ports portsOfForward() {
    Ports ports = argumentsOf(forward);
    llvm::append_range(ports, ofForward);
    return ports;
  }

  /// What @update reads and writes; of the gradients those that there are.
  Ports portsOfUpdate() {
    Ports ports = argumentsOf(update);
    llvm::append_range(ports, resultsOf(update));
    llvm::erase_if(
        ports, [&](const Port &port) { return port.is("gradient") && !findPort(ofForward, "gradient", port.name); });
    return ports;
  }

  /// Arguments role by role, parameters and states in the order of the checkpoint (that of @init). A state that is
  /// written but not read is an argument too: the guard falls back to it.
  void addArguments(Entry &entry, const Ports &used, ArrayRef<StringRef> roles) {
    Ports candidates = known;
    llvm::append_range(candidates, used);
    for (StringRef role : roles)
      for (const Port &port : candidates)
        if (port.is(role) && findPort(used, role, port.name) && !findPort(entry.arguments, role, port.name)) {
          Value argument = addArgument(entry.function, port.value.getType(), role, port.name);
          entry.arguments.push_back({port.role, port.name, argument});
        }
  }

  Ports runForward(Entry &entry) {
    IRMapping mapping;
    for (const Port &argument : argumentsOf(forward))
      mapping.map(argument.value, findPort(entry.arguments, argument.role, argument.name)->value);
    return inlineCall(entry.builder, forward, ofForward, mapping);
  }

  /// Hands @update its arguments; `gradients` are among those ports.
  Ports runUpdate(Entry &entry, const Ports &gradients) {
    SmallVector<Value> values;
    for (const Port &port : gradients)
      if (port.is("gradient"))
        values.push_back(port.value);

    IRMapping mapping;
    for (const Port &argument : argumentsOf(update)) {
      const Port *source =
          findPort(argument.is("gradient") ? gradients : entry.arguments, argument.role, argument.name);
      if (source)
        mapping.map(argument.value, source->value);
      else if (argument.is("grad_norm") && !argument.value.use_empty())
        mapping.map(argument.value, normOf(entry.builder, update.getLoc(), values, argument.value.getType()));
      else
        mapping.map(argument.value, Value(ConstantOp::create(entry.builder, update.getLoc(),
                                                             cast<RankedTensorType>(argument.value.getType()), 0.0)));
    }
    return inlineCall(entry.builder, update, resultsOf(update), mapping);
  }

  /// Returns what changes and what is to be known of it, role by role; new values only where the loss, if there is one
  /// here, is a finite number.
  static void finish(Entry &entry, const Ports &all) {
    Ports results;
    auto add = [&](StringRef role) {
      llvm::copy_if(all, std::back_inserter(results), [&](const Port &port) { return port.is(role); });
    };
    add("loss");
    Value finite = results.empty() ? Value() : isFinite(entry, results.front().value);
    for (StringRef role : {"param", "state"})
      for (const Port &argument : entry.arguments) {
        const Port *fresh = argument.is(role) ? findPort(all, role, argument.name) : nullptr;
        if (fresh && fresh->value != argument.value)
          results.push_back({fresh->role, fresh->name, guarded(entry, finite, fresh->value, argument.value)});
      }
    for (StringRef role : {"gradient", "lr", "metric", "total", "show"})
      add(role);
    setResults(entry.function, results);
  }

  static Value isFinite(Entry &entry, Value loss) {
    Term value(entry.builder, loss.getLoc(), loss);
    return (value - value) == value.constant(0);
  }

  static Value guarded(Entry &entry, Value finite, Value fresh, Value old) {
    if (!finite)
      return fresh;
    Term value(entry.builder, fresh.getLoc(), fresh);
    Term condition = value.at(finite).broadcast(cast<RankedTensorType>(boolLike(fresh.getType())), {});
    return where(condition, value, value.at(old));
  }

  OpBuilder &before;
  func::FuncOp forward, update;
  Ports ofForward, known;
};

struct ComposeStep : nacre::grad::impl::ComposeStepBase<ComposeStep> {
  using ComposeStepBase::ComposeStepBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto named = [&](StringRef name) { return module.lookupSymbol<func::FuncOp>(name); };
    if (func::FuncOp forward = named("forward_train")) {
      func::FuncOp update = named("update");
      OpBuilder builder(forward);
      StepComposer(builder, forward, update, named("init")).compose();
      forward.erase();
      if (update)
        update.erase();
    }
    if (func::FuncOp check = named("forward_check")) {
      Ports results = resultsOf(check);
      llvm::erase_if(results, [](const Port &port) { return !port.is("gradient") && !port.is("held"); });
      setResults(check, results);
      check.setName("gradient");
    }
    for (auto [from, to] : {std::pair("forward_eval", "eval"), std::pair("forward_eval_one", "eval_one")})
      if (func::FuncOp evaluation = named(from))
        evaluation.setName(to);
  }
};
} // namespace
