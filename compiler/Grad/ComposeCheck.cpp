//===- ComposeCheck.cpp - The functions for the check of gradients --------===//
//
// What is behind a stop_gradient must not change while the loss is evaluated again
// and again. In the body of a loop it is another value at each time: there the loop
// gets one more stack on one side, and one more sequence on the other.
//
//===----------------------------------------------------------------------===//

#include "Grad/Passes.h"
#include "Graph/Scan.h"
#include "Graph/Term.h"

namespace nacre::grad {
#define GEN_PASS_DEF_COMPOSECHECK
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

namespace {

/// The type of the slices, in a body, of what such a value is at all times: it needs an axis to be stacked along.
RankedTensorType heldType(RankedTensorType type) {
  return type.getRank() == 0 ? type.clone(ArrayRef<int64_t>(1)) : type;
}

/// Replaces a loop by one of other sequences or stacks, whose body is ready for it.
ScanOp replaceScan(ScanOp scan, ArrayRef<Value> sequences, ArrayRef<Type> types) {
  OpBuilder builder(scan);
  auto loop = ScanOp::create(builder, scan.getLoc(), types, scan.getBody(), scan.getInits(), sequences,
                             scan.getInvariants(), scan.getSteps(), scan.getReverse());
  loop.setKeep(scan.getKeep());
  scan->replaceAllUsesWith(loop->getResults().take_front(scan->getNumResults()));
  scan.erase();
  return loop;
}

/// Values of a function that are behind a stop_gradient, here or in a loop: of the latter all at once.
SmallVector<Value> heldIn(func::FuncOp function);

/// Adds a stack for each value that is held in the body; returns these stacks.
ValueRange stackHeld(ScanOp scan) {
  func::FuncOp body = scan.bodyFunction();
  SmallVector<Value> held = heldIn(body);
  if (held.empty())
    return {};
  OpBuilder inside(body.front().getTerminator());
  Ports results = resultsOf(body);
  SmallVector<Type> types(scan.getResultTypes());
  for (Value value : held) {
    Value slice =
        Term(inside, value.getLoc(), value).reshape(heldType(cast<RankedTensorType>(value.getType())).getShape());
    results.push_back({sliceRole.str(), "held." + std::to_string(types.size()), slice});
    types.push_back(stackType(slice.getType(), scan.getSteps()));
  }
  setResults(body, results);
  ScanOp loop = replaceScan(scan, SmallVector<Value>(scan.getSequences()), types);
  return loop->getResults().take_back(held.size());
}

SmallVector<Value> heldIn(func::FuncOp function) {
  SmallVector<Value> held;
  for (Operation &op : llvm::make_early_inc_range(function.front().without_terminator())) {
    if (isa<StopGradientOp>(op))
      held.push_back(op.getResult(0));
    if (auto scan = dyn_cast<ScanOp>(op))
      llvm::append_range(held, stackHeld(scan));
  }
  return held;
}

/// Adds an argument of that type, and gives its value.
using AddArgument = llvm::function_ref<Value(RankedTensorType)>;

/// Puts arguments in the places of values that are held, in the order of `heldIn`.
void takeHeld(func::FuncOp function, AddArgument add);

/// Gives a loop a body of its own, and a sequence for each value that is held there.
void sequenceHeld(ScanOp scan, AddArgument add) {
  func::FuncOp original = scan.bodyFunction(), body = original.clone();
  SymbolTable(original->getParentOp()).insert(body, std::next(Block::iterator(original)));
  scan.setBodyAttr(FlatSymbolRefAttr::get(body.getSymNameAttr()));
  SmallVector<Value> sequences(scan.getSequences());
  takeHeld(body, [&](RankedTensorType type) -> Value {
    RankedTensorType slice = heldType(type);
    size_t place = scan.getInits().size() + sequences.size();
    sequences.push_back(add(stackType(slice, scan.getSteps())));
    Ports arguments = argumentsOf(body);
    Value argument = body.front().insertArgument(place, slice, scan.getLoc());
    arguments.insert(arguments.begin() + place, {sliceRole.str(), "held." + std::to_string(place), argument});
    setArguments(body, arguments);
    OpBuilder inside = OpBuilder::atBlockBegin(&body.front());
    return Term(inside, scan.getLoc(), argument).reshape(type.getShape());
  });
  if (sequences.size() != scan.getSequences().size())
    replaceScan(scan, sequences, SmallVector<Type>(scan.getResultTypes()));
}

void takeHeld(func::FuncOp function, AddArgument add) {
  for (Operation &op : llvm::make_early_inc_range(function.front().without_terminator())) {
    if (auto stop = dyn_cast<StopGradientOp>(op)) {
      stop.getResult().replaceAllUsesWith(add(stop.getType()));
      stop.erase();
    } else if (auto scan = dyn_cast<ScanOp>(op)) {
      sequenceHeld(scan, add);
    }
  }
}

struct ComposeCheck : nacre::grad::impl::ComposeCheckBase<ComposeCheck> {
  using ComposeCheckBase::ComposeCheckBase;

  void runOnOperation() override {
    auto forward = getOperation().lookupSymbol<func::FuncOp>("forward_check");
    if (!forward)
      return;
    func::FuncOp loss = forward.clone();
    loss.setName("loss");
    SymbolTable(getOperation()).insert(loss, Block::iterator(forward));
    Ports ofLoss = resultsOf(loss);
    llvm::erase_if(ofLoss, [](const Port &port) { return !port.is("loss"); });
    setResults(loss, ofLoss);
    int64_t taken = 0;
    takeHeld(loss, [&](RankedTensorType type) { return addArgument(loss, type, "held", std::to_string(taken++)); });

    Ports results = resultsOf(forward);
    for (auto [number, value] : llvm::enumerate(heldIn(forward)))
      results.push_back({"held", std::to_string(number), value});
    setResults(forward, results);
  }
};
} // namespace
