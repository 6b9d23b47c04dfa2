//===- WarnDeadGradients.cpp - Parameters that will never move ------------===//
//
// A parameter that starts at zero may hold itself there: the scale of a norm before a
// ReLU does, because the ReLU's slope at zero is zero. All that lies before it then
// has no gradient either, for ever. Found as a greatest fixpoint: assume that all
// parameters which start at zero stay there, follow what is known of every value to
// the gradients, drop those of the assumptions whose gradient is not zero, and repeat.
//
//===----------------------------------------------------------------------===//

#include "Grad/Passes.h"
#include "Graph/Ports.h"
#include "mlir/Interfaces/FoldInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace nacre::grad {
#define GEN_PASS_DEF_WARNDEADGRADIENTS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

namespace {

/// Names that a warning lists before it counts the rest.
constexpr size_t namesShown = 3;

/// Values of which every element is one known number.
class UniformValues {
public:
  void set(Value value, DenseElementsAttr splat) { known[value] = splat; }

  bool isZero(Value value) const {
    DenseElementsAttr splat = known.lookup(value);
    if (!splat)
      return false;
    Attribute element = splat.getSplatValue<Attribute>();
    if (auto number = dyn_cast<FloatAttr>(element))
      return number.getValue().isZero();
    return cast<IntegerAttr>(element).getValue().isZero();
  }

  void follow(Block &block) {
    for (Operation &op : block.without_terminator()) {
      if (auto constant = dyn_cast<ConstantOp>(op)) {
        if (auto value = dyn_cast<DenseElementsAttr>(constant.getValue()); value && value.isSplat())
          known[constant] = value;
      } else if (auto scan = dyn_cast<ScanOp>(op)) {
        followLoop(scan);
      } else if (isZeroWhateverElse(&op)) {
        for (Value result : op.getResults())
          known[result] = zerosOf(result.getType());
      } else if (DenseElementsAttr splat = valueOf(&op)) {
        known[op.getResult(0)] = splat;
      }
    }
  }

  static DenseElementsAttr zerosOf(Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return DenseElementsAttr::get(tensor, Attribute(Builder(type.getContext()).getZeroAttr(tensor.getElementType())));
  }

private:
  bool areZero(ValueRange values) const {
    return llvm::all_of(values, [&](Value value) { return isZero(value); });
  }

  /// Products with zero, and sums and moves of zeros. A product with infinity is not considered.
  bool isZeroWhateverElse(Operation *op) const {
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case<MulOp, DotOp, ConvOp, ConvDxOp, ConvDwOp>(
            [&](auto product) { return llvm::any_of(product->getOperands(), [&](Value v) { return isZero(v); }); })
        .Case<DivOp, TakeOp, ScatterAddOp, WindowMaxDxOp>([&](auto linear) { return isZero(linear->getOperand(0)); })
        .Case<BroadcastOp, ReshapeOp, TransposeOp, SliceOp, PadOp, ConcatOp, ReduceOp, WindowSumOp, StopGradientOp>(
            [&](auto move) { return areZero(move->getOperands()); })
        .Default(false);
  }

  /// A carry is known if every step hands on what it was given.
  void followLoop(ScanOp scan) {
    func::FuncOp body = scan.bodyFunction();
    auto returned = body.front().getTerminator()->getOperands();
    size_t carries = scan.getInits().size();
    UniformValues given, inside;
    for (auto [operand, argument] : llvm::zip_equal(scan.getOperands(), body.getArguments()))
      if (DenseElementsAttr splat = known.lookup(operand))
        given.set(argument, splat.resizeSplat(cast<RankedTensorType>(argument.getType())));
    for (bool isSettled = false; !isSettled;) {
      isSettled = true;
      inside = given;
      inside.follow(body.front());
      for (size_t number = 0; number < carries; ++number) {
        DenseElementsAttr &before = given.known[body.getArgument(number)];
        if (before && inside.known.lookup(returned[number]) != before) {
          before = {};
          isSettled = false;
        }
      }
    }
    for (auto [result, value] : llvm::zip_equal(scan.getResults(), returned))
      if (DenseElementsAttr splat = inside.known.lookup(value))
        known[result] = splat.resizeSplat(cast<RankedTensorType>(result.getType()));
  }

  DenseElementsAttr valueOf(Operation *op) const {
    if (op->getNumResults() != 1)
      return {};
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (isa<BroadcastOp, ReshapeOp, TransposeOp, SliceOp>(op)) {
      DenseElementsAttr splat = known.lookup(op->getOperand(0));
      return splat ? splat.resizeSplat(type) : splat;
    }
    if (auto select = dyn_cast<SelectOp>(op)) {
      Value condition = select.getOperand(0);
      DenseElementsAttr yes = known.lookup(select.getOperand(1)), no = known.lookup(select.getOperand(2));
      if (known.lookup(condition))
        return isZero(condition) ? no : yes;
      return yes == no ? yes : DenseElementsAttr();
    }
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumOperands() == 0)
      return {};
    SmallVector<Attribute> operands =
        llvm::map_to_vector(op->getOperands(), [&](Value operand) -> Attribute { return known.lookup(operand); });
    SmallVector<OpFoldResult> results;
    auto *folding = dyn_cast<DialectFoldInterface>(op->getDialect());
    if (llvm::is_contained(operands, Attribute()) || failed(folding->fold(op, operands, results)))
      return {};
    return cast<DenseElementsAttr>(cast<Attribute>(results[0]));
  }

  DenseMap<Value, DenseElementsAttr> known;
};

/// The names of the ports of a role that are known to be zero once `values` have gone through the function.
llvm::StringSet<> zerosOf(func::FuncOp function, StringRef role, UniformValues values) {
  values.follow(function.front());
  llvm::StringSet<> names;
  for (const Port &port : resultsOf(function))
    if (port.is(role) && values.isZero(port.value))
      names.insert(port.name);
  return names;
}

/// The parameters with a gradient that is zero as long as those in `frozen` are.
llvm::StringSet<> withoutGradient(func::FuncOp forward, const llvm::StringSet<> &frozen) {
  UniformValues values;
  for (const Port &port : argumentsOf(forward))
    if (port.is("param") && frozen.contains(port.name))
      values.set(port.value, UniformValues::zerosOf(port.value.getType()));
  return zerosOf(forward, "gradient", std::move(values));
}

/// Where a parameter is first read, be it in a loop.
Location placeOf(Value parameter) {
  OpOperand *first = nullptr;
  for (OpOperand &use : parameter.getUses())
    if (!first || use.getOwner()->isBeforeInBlock(first->getOwner()))
      first = &use;
  if (!first)
    return parameter.getLoc();
  if (auto scan = dyn_cast<ScanOp>(first->getOwner()))
    return placeOf(scan.bodyFunction().getArgument(first->getOperandNumber()));
  return first->getOwner()->getLoc();
}

std::string listOf(ArrayRef<std::string> names) {
  std::string text = llvm::join(names.take_front(namesShown), ", ");
  if (names.size() > namesShown)
    text += " and " + std::to_string(names.size() - namesShown) + " more";
  return text;
}

struct WarnDeadGradients : nacre::grad::impl::WarnDeadGradientsBase<WarnDeadGradients> {
  using WarnDeadGradientsBase::WarnDeadGradientsBase;

  void runOnOperation() override {
    auto init = getOperation().lookupSymbol<func::FuncOp>("init");
    auto forward = getOperation().lookupSymbol<func::FuncOp>("forward_train");
    if (!init || !forward)
      return;
    llvm::StringSet<> frozen = zerosOf(init, "param", {}), dead;
    while (true) {
      dead = withoutGradient(forward, frozen);
      llvm::StringSet<> still;
      for (const auto &name : frozen)
        if (dead.contains(name.getKey()))
          still.insert(name.getKey());
      if (still.size() == frozen.size())
        break;
      frozen = std::move(still);
    }
    found += dead.size();
    warn(forward, causesIn(forward, frozen, dead), dead);
  }

  /// Those of the parameters held at zero without which more would have a gradient than themselves.
  static llvm::StringSet<> causesIn(func::FuncOp forward, llvm::StringSet<> frozen, const llvm::StringSet<> &dead) {
    llvm::StringSet<> causes;
    for (const Port &port : argumentsOf(forward))
      if (port.is("param") && frozen.erase(port.name)) {
        if (withoutGradient(forward, frozen).size() < dead.size())
          causes.insert(port.name);
        frozen.insert(port.name);
      }
    return causes;
  }

  /// One warning, at the first parameter that holds itself at zero; or, where there is none, at the first that the
  /// loss does not depend on.
  static void warn(func::FuncOp forward, const llvm::StringSet<> &causes, const llvm::StringSet<> &dead) {
    std::vector<std::string> held, others;
    std::optional<Location> place;
    size_t parameters = 0;
    for (const Port &port : argumentsOf(forward)) {
      parameters += port.is("param");
      if (!port.is("param") || !dead.contains(port.name))
        continue;
      (causes.contains(port.name) ? held : others).push_back(port.name);
      if (!place || (causes.contains(port.name) && held.size() == 1))
        place = placeOf(port.value);
    }
    if (!place)
      return;
    std::string count = std::to_string(held.size() + others.size()) + " of " + std::to_string(parameters) +
                        " parameter tensors never get a gradient. ";
    if (held.empty())
      emitWarning(*place) << count << "The loss does not depend on " << listOf(others);
    else
      emitWarning(*place) << count << "These start at zero and hold themselves there: " << listOf(held)
                          << (others.empty() ? "" : "; with them stand still: " + listOf(others))
                          << ". Start them at another value, or put no function with slope zero at zero behind them";
  }
};

} // namespace
