//===- ComposeStep.cpp - Makes the functions that the binary runs ---------===//

#include "Grad/LossScale.h"
#include "Grad/Passes.h"
#include "Graph/Ports.h"
#include "Graph/Term.h"
#include "mlir/IR/IRMapping.h"

namespace nacre::grad {
#define GEN_PASS_DEF_COMPOSESTEP
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::grad;
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
        scaleStates(lossScaleStates(forward)) {
    if (init)
      initLossScale(init, scaleStates);
    known = init ? resultsOf(init) : scaleStates;
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
    llvm::append_range(used, scaleStates);
    addArguments(train, used, {"param", "state", "field"});
    Value halted = addHalted(train);
    Ports results = runForward(train);
    Value judged = lossOf(results), norm = normOfScaled(train, results);
    if (update)
      llvm::append_range(results, runUpdate(train, results));
    if (norm)
      judged = AddOp::create(train.builder, norm.getLoc(), norm.getType(), judged, norm);
    if (halted) {
      Term sum = Term(train.builder, judged.getLoc(), judged) + Term(train.builder, judged.getLoc(), halted);
      judged = sum;
      results.push_back({"state", haltedName.str(), sum - sum});
    }
    addNextLossScale(train, results, judged);
    finish(train, results, judged);
  }

  /// The state by which a loss that is not finite keeps later updates, too, from changing anything; null where they
  /// wait for it, or where it may be repaired.
  Value addHalted(Entry &train) {
    if (!update || !forward->hasAttr(runsAheadAttr) || !scaleStates.empty())
      return {};
    Type type = lossOf(ofForward).getType();
    Value argument = addArgument(train.function, type, "state", haltedName);
    train.arguments.push_back({"state", haltedName.str(), argument});
    return argument;
  }

  /// The gradients are means over the whole update: each micro-batch adds its share. With a loss scale
  /// one of them is not finite where the loss is not, so that @apply knows.
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
    Value loss = lossOf(results);
    Port *gradient = llvm::find_if(results, [](const Port &port) { return port.is("gradient"); });
    if (!scaleStates.empty() && gradient != results.end()) {
      Term value(train.builder, loss.getLoc(), loss), sum = value.at(gradient->value);
      gradient->value = sum + (value - value).broadcast(sum.type(), {});
    }
    finish(train, results, loss);
  }

  /// Without a loss scale the runtime comes here only if all losses are finite.
  void composeApply() {
    Entry apply(before, update.getLoc(), "apply");
    Ports used = portsOfUpdate();
    llvm::append_range(used, scaleStates);
    addArguments(apply, used, {"param", "state", "gradient"});
    Ports results = runUpdate(apply, apply.arguments);
    Value norm = normOfScaled(apply, apply.arguments);
    addNextLossScale(apply, results, norm);
    finish(apply, results, norm);
  }

  void addNextLossScale(Entry &entry, Ports &results, Value judged) {
    if (!scaleStates.empty())
      llvm::append_range(results, nextLossScale(entry.builder, entry.arguments, isFinite(entry, judged)));
  }

  static Value lossOf(const Ports &ports) {
    const Port *loss = llvm::find_if(ports, [](const Port &port) { return port.is("loss"); });
    return loss == ports.end() ? Value() : loss->value;
  }

  /// The norm of the gradients among those ports, which is not finite if one of them is not; none without a loss scale.
  Value normOfScaled(Entry &entry, const Ports &ports) {
    if (scaleStates.empty())
      return {};
    return normOf(entry.builder, forward.getLoc(), gradientsOf(ports), scaleStates.front().value.getType());
  }

  static SmallVector<Value> gradientsOf(const Ports &ports) {
    SmallVector<Value> values;
    for (const Port &port : ports)
      if (port.is("gradient"))
        values.push_back(port.value);
    return values;
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
    Ports results = inlineCall(entry.builder, forward, ofForward, mapping);
    unscale(entry.builder, results, entry.arguments);
    return results;
  }

  /// Hands @update its arguments; `gradients` are among those ports.
  Ports runUpdate(Entry &entry, const Ports &gradients) {
    IRMapping mapping;
    for (const Port &argument : argumentsOf(update)) {
      const Port *source =
          findPort(argument.is("gradient") ? gradients : entry.arguments, argument.role, argument.name);
      if (source)
        mapping.map(argument.value, source->value);
      else if (argument.is("grad_norm") && !argument.value.use_empty())
        mapping.map(argument.value,
                    normOf(entry.builder, update.getLoc(), gradientsOf(gradients), argument.value.getType()));
      else
        mapping.map(argument.value, Value(ConstantOp::create(entry.builder, update.getLoc(),
                                                             cast<RankedTensorType>(argument.value.getType()), 0.0)));
    }
    return inlineCall(entry.builder, update, resultsOf(update), mapping);
  }

  /// Returns what changes and what is to be known of it, role by role; new values only where what is `judged`, if
  /// anything is, is a finite number.
  static void finish(Entry &entry, const Ports &all, Value judged) {
    Ports results;
    Value finite = judged ? isFinite(entry, judged) : Value();
    auto add = [&](StringRef role) {
      llvm::copy_if(all, std::back_inserter(results), [&](const Port &port) { return port.is(role); });
    };
    add("loss");
    for (StringRef role : {"param", "state"})
      for (const Port &argument : entry.arguments) {
        const Port *fresh = argument.is(role) ? findPort(all, role, argument.name) : nullptr;
        if (fresh && fresh->value != argument.value)
          results.push_back({fresh->role, fresh->name,
                             isOfGuard(*fresh) ? fresh->value : guarded(entry, finite, fresh->value, argument.value)});
      }
    for (StringRef role : {"gradient", "lr", "loss_scale", "skipped", "metric", "total", "show"})
      add(role);
    setResults(entry.function, results);
  }

  /// Whether a state is there for the guard's own sake.
  static bool isOfGuard(const Port &state) { return isOfLossScale(state) || state.is("state", haltedName); }

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
  Ports ofForward, scaleStates, known;
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
