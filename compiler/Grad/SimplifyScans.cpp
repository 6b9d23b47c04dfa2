//===- SimplifyScans.cpp - Loops that carry no more than they need --------===//

#include "Grad/Passes.h"
#include "Graph/Scan.h"
#include "Graph/Term.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace nacre::grad {
#define GEN_PASS_DEF_SIMPLIFYSCANS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

namespace {

/// What one loop can do without.
class ScanSimplifier {
public:
  explicit ScanSimplifier(ScanOp scan)
      : scan(scan), body(scan.bodyFunction()), block(body.front()), arguments(argumentsOf(scan, body)),
        returned(block.getTerminator()->getOperands()) {}

  /// Replaces the loop by a simpler one or none, if it can.
  bool run() {
    if (scan->use_empty()) {
      scan.erase();
      return true;
    }
    useFinals();
    findLive();
    if (!isWorthIt())
      return false;
    ScanBuilder builder(body, body.getName(), scan.getSteps());
    rebuild(builder);
    return true;
  }

private:
  size_t numCarries() const { return arguments.carries.size(); }
  Value nextOf(size_t carry) const { return returned[carry]; }
  Value sliceOf(size_t stack) const { return returned[numCarries() + stack]; }
  bool isConstantCarry(size_t carry) const { return nextOf(carry) == arguments.carries[carry]; }

  /// The last slice of a stack of carries is the last carry.
  void useFinals() {
    for (auto [number, stack] : llvm::enumerate(scan.getStacks())) {
      size_t carry = llvm::find(returned.take_front(numCarries()), sliceOf(number)) - returned.begin();
      if (carry == numCarries())
        continue;
      Value final = scan.getFinals()[carry];
      int64_t size = cast<RankedTensorType>(final.getType()).getDimSize(0), last = scan.timeOf(scan.getSteps() - 1);
      for (Operation *user : llvm::make_early_inc_range(stack.getUsers())) {
        auto slice = dyn_cast<SliceOp>(user);
        if (!slice || slice.getType() != final.getType() || slice.getStart()[0] != last * size)
          continue;
        slice.replaceAllUsesWith(final);
        slice.erase();
        changed = true;
      }
    }
  }

  /// A value of the body that needs no stack, because outside it is there already.
  bool isOutside(Value value) const {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getArgNumber() >= numCarries();
  }

  void findLive() {
    SmallVector<Value> work;
    for (auto [number, stack] : llvm::enumerate(scan.getStacks()))
      if (!stack.use_empty() && !isOutside(sliceOf(number)))
        work.push_back(sliceOf(number));
    for (auto [number, final] : llvm::enumerate(scan.getFinals()))
      if (!final.use_empty() && !isConstantCarry(number))
        work.push_back(arguments.carries[number]);
    while (!work.empty()) {
      Value value = work.pop_back_val();
      if (!live.insert(value))
        continue;
      if (auto argument = dyn_cast<BlockArgument>(value)) {
        if (argument.getArgNumber() < numCarries())
          work.push_back(nextOf(argument.getArgNumber()));
      } else {
        llvm::append_range(work, value.getDefiningOp()->getOperands());
        llvm::append_range(work, value.getDefiningOp()->getResults());
      }
    }
  }

  /// The first operand before `number` of the same kind that is the same value.
  std::optional<size_t> sameBefore(ValueRange operands, size_t number) const {
    size_t first = llvm::find(operands, operands[number]) - operands.begin();
    return first < number ? std::optional(first) : std::nullopt;
  }

  bool isWorthIt() {
    if (changed)
      return true;
    for (BlockArgument argument : block.getArguments())
      if (!live.contains(argument))
        return true;
    for (size_t number = 0; number < numCarries(); ++number)
      if (isConstantCarry(number))
        return true;
    DenseSet<Value> slices;
    for (auto [number, stack] : llvm::enumerate(scan.getStacks()))
      if (stack.use_empty() || isOutside(sliceOf(number)) || !slices.insert(sliceOf(number)).second)
        return true;
    for (Value operand : llvm::concat<Value>(scan.getSequences(), scan.getInvariants()))
      if (splatOf(operand))
        return true;
    auto hasDouble = [&](ValueRange operands) {
      return llvm::any_of(llvm::seq<size_t>(0, operands.size()),
                          [&](size_t number) { return sameBefore(operands, number).has_value(); });
    };
    return hasDouble(scan.getSequences()) || hasDouble(scan.getInvariants());
  }

  void addArguments(ScanBuilder &builder) {
    Ports ports = nacre::graph::argumentsOf(body);
    auto nameOf = [&](BlockArgument argument) { return ports[argument.getArgNumber()].name; };
    for (auto [number, argument] : llvm::enumerate(arguments.carries)) {
      if (!live.contains(argument))
        continue;
      bool isConstant = isConstantCarry(number);
      Value init = scan.getInits()[number];
      mapping.map(argument, isConstant ? builder.addInvariant(init, nameOf(argument))
                                       : builder.addCarry(init, nameOf(argument)));
      if (!isConstant)
        carries.push_back(number);
    }
    auto addRest = [&](ValueRange operands, ArrayRef<BlockArgument> inside, auto add) {
      OpBuilder body = builder.atEnd();
      for (auto [number, argument] : llvm::enumerate(inside))
        if (std::optional<double> splat = splatOf(operands[number]))
          mapping.map(argument, Value(ConstantOp::create(body, argument.getLoc(),
                                                         cast<RankedTensorType>(argument.getType()), *splat)));
        else if (std::optional<size_t> same = sameBefore(operands, number))
          mapping.map(argument, mapping.lookupOrNull(inside[*same]));
        else if (live.contains(argument) || isRead(operands, inside, number))
          mapping.map(argument, (builder.*add)(operands[number], nameOf(argument)));
    };
    addRest(scan.getSequences(), arguments.slices, &ScanBuilder::addSequence);
    addRest(scan.getInvariants(), arguments.invariants, &ScanBuilder::addInvariant);
  }

  /// Whether an argument is live under the number of a later operand that is the same value.
  bool isRead(ValueRange operands, ArrayRef<BlockArgument> inside, size_t number) const {
    for (size_t later = number + 1; later < operands.size(); ++later)
      if (operands[later] == operands[number] && live.contains(inside[later]))
        return true;
    return false;
  }

  void rebuild(ScanBuilder &builder) {
    addArguments(builder);
    OpBuilder inside = builder.atEnd();
    for (Operation &op : block.without_terminator())
      if (llvm::any_of(op.getResults(), [&](Value result) { return live.contains(result); }))
        inside.clone(op, mapping);
    SmallVector<Value> next, slices;
    for (size_t number : carries)
      next.push_back(mapping.lookup(nextOf(number)));
    SetVector<Value> stacked;
    for (auto [number, stack] : llvm::enumerate(scan.getStacks()))
      if (!stack.use_empty() && !isOutside(sliceOf(number)) && stacked.insert(sliceOf(number)))
        slices.push_back(mapping.lookup(sliceOf(number)));

    OpBuilder outside(scan);
    ScanOp loop =
        builder.create(outside, scan.getLoc(), next, slices, scan.getReverse());
    loop.setKeep(scan.getKeep());
    loop.setAgain(scan.getAgain());
    replaceResults(outside, loop, stacked.getArrayRef());
  }

  void replaceResults(OpBuilder &outside, ScanOp loop, ArrayRef<Value> stacked) {
    for (auto [number, final] : llvm::enumerate(scan.getFinals()))
      if (isConstantCarry(number))
        final.replaceAllUsesWith(scan.getInits()[number]);
    for (auto [place, number] : llvm::enumerate(carries))
      scan.getFinals()[number].replaceAllUsesWith(loop.getFinals()[place]);
    for (auto [number, stack] : llvm::enumerate(scan.getStacks())) {
      if (stack.use_empty())
        continue;
      Value slice = sliceOf(number);
      if (!isOutside(slice)) {
        stack.replaceAllUsesWith(loop.getStacks()[llvm::find(stacked, slice) - stacked.begin()]);
        continue;
      }
      Value operand = scan.getOperand(cast<BlockArgument>(slice).getArgNumber());
      bool isInvariant = cast<BlockArgument>(slice).getArgNumber() >= numCarries() + arguments.slices.size();
      stack.replaceAllUsesWith(isInvariant ? repeated(outside, operand) : operand);
    }
    retire(scan, loop);
  }

  /// A value, once for each time.
  Value repeated(OpBuilder &builder, Value value) {
    Term term(builder, scan.getLoc(), value);
    SmallVector<int64_t> shape = {int64_t(scan.getSteps())};
    llvm::append_range(shape, term.shape());
    Term all = term.broadcast(term.type().clone(shape), llvm::to_vector(llvm::seq<int64_t>(1, term.rank() + 1)));
    return all.reshape(stackType(value.getType(), scan.getSteps()).getShape());
  }

  ScanOp scan;
  func::FuncOp body;
  Block &block;
  ScanArguments arguments;
  OperandRange returned;
  llvm::SetVector<Value> live;
  SmallVector<size_t> carries; ///< Those that stay, by their old number.
  IRMapping mapping;
  bool changed = false;
};

struct SimplifyScans : nacre::grad::impl::SimplifyScansBase<SimplifyScans> {
  void runOnOperation() override {
    bool changed = true;
    while (changed) {
      SmallVector<ScanOp> scans;
      DenseSet<Operation *> seen;
      for (auto function : getOperation().getOps<func::FuncOp>())
        collect(function, scans, seen);
      changed = false;
      for (ScanOp scan : scans)
        changed |= ScanSimplifier(scan).run();
    }
  }

  /// Inner loops first: the body that they are in goes when the loop around them is replaced.
  static void collect(func::FuncOp function, SmallVector<ScanOp> &scans, DenseSet<Operation *> &seen) {
    if (!seen.insert(function).second)
      return;
    for (auto scan : function.getOps<ScanOp>()) {
      collect(scan.bodyFunction(), scans, seen);
      scans.push_back(scan);
    }
  }
};

} // namespace
