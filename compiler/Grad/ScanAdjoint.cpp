//===- ScanAdjoint.cpp - Gradients of loops over time ---------------------===//

#include "Grad/ScanAdjoint.h"
#include "Grad/ReverseSweep.h"
#include "Graph/Cost.h"
#include "Graph/Scan.h"
#include "Graph/Term.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace nacre::graph;

namespace nacre::grad {
namespace {

/// What is computed again in the backward loop rather than kept: loops that say so, and pointwise ops, unless that
/// takes longer than to write the value. (To read it takes the place of reading what it is computed from.)
bool isComputedAgain(Operation *op) {
  if (auto scan = dyn_cast<ScanOp>(op))
    return scan.getAgain();
  if (!isa<PointOpInterface>(op))
    return false;
  unsigned bits = cast<RankedTensorType>(op->getResult(0).getType()).getElementTypeBitWidth();
  return operationsPerElement(op) * bytesPerOperation * 8 <= bits;
}

/// The value with an axis along which it can be stacked.
Value stackable(OpBuilder &builder, Value value) {
  Term term(builder, value.getLoc(), value);
  return term.rank() == 0 ? term.reshape({1}) : term;
}

/// Differentiates one loop. A copy of its body is swept; what was there before goes to the new forward body, what the
/// gradients need to the backward body.
class ScanAdjoint {
public:
  ScanAdjoint(ScanOp scan, const DenseSet<Value> &dependent, ValueRange resultGradients, Simplify simplify)
      : scan(scan), original(scan.bodyFunction()), swept(original.clone()), block(swept.front()),
        resultGradients(resultGradients), simplify(simplify) {
    ScanArguments groups = argumentsOf(scan, swept);
    llvm::append_range(arguments.carries, groups.carries);
    llvm::append_range(arguments.slices, groups.slices);
    llvm::append_range(arguments.invariants, groups.invariants);
    SymbolTable(original->getParentOp()).insert(swept, Block::iterator(original));
    findSources(dependent);
  }

  void run(OpBuilder &builder, SmallVectorImpl<Value> &operandGradients) {
    ScanBuilder backward(original, (original.getName() + "_backward").str(), scan.getSteps());
    SmallVector<Value> next, slices;
    sweep(backward, builder, next, slices);
    simplifySwept(next, slices);
    findOnWayBack();
    SmallVector<Value> kept = findKept(llvm::to_vector(llvm::concat<Value>(next, slices)));
    SmallVector<Value> stacks = keep(kept);
    ScanOp loop = finishBackward(backward, builder, kept, stacks, next, slices);
    collect(loop, operandGradients);
    swept.erase();
  }

private:
  ValueRange returned() { return block.getTerminator()->getOperands().take_front(scan.getNumResults()); }
  size_t numCarries() { return arguments.carries.size(); }

  /// The arguments whose gradients are wanted: of operands that depend on a parameter, and carries that come to.
  void findSources(const DenseSet<Value> &dependent) {
    for (auto [operand, argument] : llvm::zip_equal(scan.getOperands(), swept.getArguments()))
      if (dependent.contains(operand))
        sources.insert(argument);
    for (size_t before = 0; before != sources.size();) {
      before = sources.size();
      DenseSet<Value> reached = dependentOn(sources.getArrayRef(), block);
      for (auto [argument, value] : llvm::zip(arguments.carries, returned()))
        if (reached.contains(value))
          sources.insert(argument);
    }
  }

  /// An argument of the copy for one of the backward body.
  Value entering(Value inBackward) {
    BlockArgument argument = block.addArgument(inBackward.getType(), inBackward.getLoc());
    entered.map(argument, inBackward);
    return argument;
  }

  /// Sweeps the copy of the body.
  void sweep(ScanBuilder &backward, OpBuilder &builder, SmallVector<Value> &next, SmallVector<Value> &slices) {
    ReverseSweep sweep(block, sources.getArrayRef(), simplify);
    auto zeros = [&](Value like) -> Value { return Term(builder, scan.getLoc(), like).constant(0); };
    for (auto [number, argument] : llvm::enumerate(arguments.carries)) {
      Value ofFinal = resultGradients[number];
      if (sources.contains(argument))
        sweep.seed(returned()[number],
                   entering(backward.addCarry(ofFinal ? ofFinal : zeros(scan.getFinals()[number]), "gradient")));
    }
    for (size_t number = numCarries(); number < scan.getNumResults(); ++number)
      if (Value ofStack = resultGradients[number])
        sweep.seed(returned()[number], entering(backward.addSequence(ofStack, "gradient")));
    sweep.run();

    for (BlockArgument argument : arguments.carries)
      if (sources.contains(argument))
        next.push_back(sweep.gradientOf(argument));
    auto outside = scan.getInvariants();
    for (auto [argument, operand] : llvm::zip_equal(arguments.invariants, outside))
      if (sources.contains(argument)) {
        Value sum = entering(backward.addCarry(zeros(operand), "sum"));
        OpBuilder atEnd(block.getTerminator());
        next.push_back(AddOp::create(atEnd, argument.getLoc(), argument.getType(), sum, sweep.gradientOf(argument)));
      }
    for (BlockArgument argument : arguments.slices)
      if (sources.contains(argument))
        slices.push_back(sweep.gradientOf(argument));
  }

  /// Simplifies the copy with all that it is for.
  void simplifySwept(SmallVector<Value> &next, SmallVector<Value> &slices) {
    Operation *end = block.getTerminator();
    end->insertOperands(end->getNumOperands(), next);
    end->insertOperands(end->getNumOperands(), slices);
    swept.setFunctionType(Builder(end).getFunctionType(block.getArgumentTypes(), end->getOperandTypes()));
    swept.setAllArgAttrs(ArrayRef<Attribute>());
    swept.setAllResultAttrs(ArrayRef<Attribute>());
    simplify(swept);
    ValueRange simpler = block.getTerminator()->getOperands().drop_front(scan.getNumResults());
    llvm::copy(simpler.take_front(next.size()), next.begin());
    llvm::copy(simpler.drop_front(next.size()), slices.begin());
  }

  /// What depends on gradients that enter.
  void findOnWayBack() {
    for (auto [argument, inBackward] : entered.getValueMap())
      onWayBack.insert(argument);
    for (Operation &op : block.without_terminator())
      if (llvm::any_of(op.getOperands(), [&](Value operand) { return onWayBack.contains(operand); }))
        onWayBack.insert_range(op.getResults());
  }

  bool isForward(Operation *op) const {
    return llvm::none_of(op->getResults(), [&](Value result) { return onWayBack.contains(result); });
  }

  /// What the backward loop takes from the forward loop's body to compute `wanted`, in the order of the body.
  SmallVector<Value> findKept(ArrayRef<Value> wanted) {
    SmallVector<Value> work(wanted);
    DenseSet<Value> found;
    while (!work.empty()) {
      Value value = work.pop_back_val();
      if (entered.contains(value))
        continue;
      Operation *op = value.getDefiningOp();
      if (!op || (isForward(op) && !isComputedAgain(op)))
        found.insert(value);
      else if (needed.insert(op).second)
        llvm::append_range(work, op->getOperands());
    }
    SmallVector<Value> kept;
    for (BlockArgument argument : block.getArguments())
      if (found.contains(argument))
        kept.push_back(argument);
    for (Operation &op : block)
      llvm::copy_if(op.getResults(), std::back_inserter(kept), [&](Value value) { return found.contains(value); });
    return kept;
  }

  bool isCarry(Value value) const { return llvm::is_contained(arguments.carries, value); }

  /// Puts a loop in the place of the forward loop that also stacks what is kept. Returns, for each kept value, what it
  /// is outside: its stack, or the operand that the argument stands for.
  SmallVector<Value> keep(ArrayRef<Value> kept) {
    ScanBuilder forward(original, (original.getName() + "_keeping").str(), scan.getSteps());
    IRMapping mapping;
    auto copy = [&](auto inside, auto outside, auto add) {
      for (auto [argument, operand] : llvm::zip_equal(inside, outside))
        mapping.map(argument, (forward.*add)(operand, nameOf(argument)));
    };
    copy(ArrayRef(arguments.carries), scan.getInits(), &ScanBuilder::addCarry);
    copy(ArrayRef(arguments.slices), scan.getSequences(), &ScanBuilder::addSequence);
    copy(ArrayRef(arguments.invariants), scan.getInvariants(), &ScanBuilder::addInvariant);
    OpBuilder inside = forward.atEnd();
    for (Operation &op : block.without_terminator())
      if (isForward(&op))
        inside.clone(op, mapping);
    SmallVector<Value> results = llvm::map_to_vector(returned(), [&](Value value) { return mapping.lookup(value); });
    size_t numResults = results.size();
    for (Value value : kept)
      if (!isa<BlockArgument>(value) || isCarry(value))
        results.push_back(stackable(inside, mapping.lookup(value)));

    OpBuilder builder(scan);
    ScanOp loop = forward.create(builder, scan.getLoc(), ArrayRef(results).take_front(numCarries()),
                                 ArrayRef(results).drop_front(numCarries()), scan.getReverse());
    loop.setAgain(scan.getAgain());
    for (auto [old, fresh] : llvm::zip(scan->getResults(), loop->getResults()))
      old.replaceAllUsesWith(fresh);
    SmallVector<Value> outside;
    ValueRange stacks = loop->getResults().drop_front(numResults);
    for (Value value : kept) {
      bool isOperand = isa<BlockArgument>(value) && !isCarry(value);
      outside.push_back(isOperand ? scan.getOperand(cast<BlockArgument>(value).getArgNumber()) : stacks.front());
      if (!isOperand)
        stacks = stacks.drop_front();
    }
    return outside;
  }

  /// Copies what the gradients need into the backward body.
  ScanOp finishBackward(ScanBuilder &backward, OpBuilder &builder, ArrayRef<Value> kept, ArrayRef<Value> outside,
                        ArrayRef<Value> next, ArrayRef<Value> slices) {
    IRMapping mapping(entered);
    OpBuilder inside = backward.atEnd();
    for (auto [value, operand] : llvm::zip_equal(kept, outside)) {
      bool isInvariant = llvm::is_contained(arguments.invariants, value);
      std::string name = isa<BlockArgument>(value) ? nameOf(cast<BlockArgument>(value)) : "kept";
      Value argument = isInvariant ? backward.addInvariant(operand, name) : backward.addSequence(operand, name);
      ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
      mapping.map(value, Value(Term(inside, value.getLoc(), argument).reshape(shape)));
    }
    for (Operation &op : block.without_terminator())
      if (needed.contains(&op))
        inside.clone(op, mapping);
    auto inBackward = [&](Value value) { return mapping.lookupOrDefault(value); };
    return backward.create(builder, scan.getLoc(), llvm::map_to_vector(next, inBackward),
                           llvm::map_to_vector(slices, inBackward), !scan.getReverse());
  }

  void collect(ScanOp loop, SmallVectorImpl<Value> &operandGradients) {
    SmallVector<Value> results(loop.getFinals());
    llvm::append_range(results, loop.getStacks());
    DenseMap<Value, Value> ofArgument;
    size_t number = 0;
    for (ArrayRef<BlockArgument> group :
         {ArrayRef(arguments.carries), ArrayRef(arguments.invariants), ArrayRef(arguments.slices)})
      for (BlockArgument argument : group)
        if (sources.contains(argument))
          ofArgument[argument] = results[number++];
    for (BlockArgument argument : block.getArguments().take_front(scan.getNumOperands()))
      operandGradients.push_back(ofArgument.lookup(argument));
  }

  std::string nameOf(BlockArgument argument) const {
    return graph::argumentsOf(original)[argument.getArgNumber()].name;
  }

  ScanOp scan;
  func::FuncOp original, swept;
  Block &block;
  struct {
    SmallVector<BlockArgument> carries, slices, invariants;
  } arguments; ///< Of the copy.
  ValueRange resultGradients;
  Simplify simplify;
  SetVector<Value> sources;
  IRMapping entered; ///< Arguments for gradients that enter, to those of the backward body.
  DenseSet<Value> onWayBack;
  DenseSet<Operation *> needed;
};

} // namespace

void adjointOfScan(OpBuilder &builder, ScanOp scan, const DenseSet<Value> &dependent, ValueRange resultGradients,
                   Simplify simplify, SmallVectorImpl<Value> &operandGradients) {
  ScanAdjoint(scan, dependent, resultGradients, simplify).run(builder, operandGradients);
}

} // namespace nacre::grad
