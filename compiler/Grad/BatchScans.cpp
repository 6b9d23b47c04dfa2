//===- BatchScans.cpp - What all times of a loop can do at once -----------===//

#include "Grad/Passes.h"
#include "Grad/RowWise.h"
#include "Graph/Scan.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"

namespace nacre::grad {
#define GEN_PASS_DEF_BATCHSCANS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;
using namespace nacre::grad;

namespace {

int64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * std::max(8u, tensor.getElementTypeBitWidth()) / 8;
}

/// Moves work of one loop in front of it and behind it.
class ScanBatcher {
public:
  ScanBatcher(ScanOp scan, int64_t budget)
      : scan(scan), body(scan.bodyFunction()), block(body.front()), arguments(argumentsOf(scan, body)),
        returned(block.getTerminator()->getOperands()), budget(budget), before(scan) {
    for (Value argument : arguments.invariants)
      invariant.insert(argument);
    for (Operation &op : block.without_terminator())
      if (isa<EvaluableOpInterface>(op) &&
          llvm::all_of(op.getOperands(), [&](Value operand) { return invariant.contains(operand); }))
        invariant.insert_range(op.getResults());
    for (Value argument : arguments.slices)
      batches.insert(argument);
    for (Operation &op : block.without_terminator())
      if (readsBatches(&op) && isRowWise(&op, [&](Value operand) { return batches.contains(operand); }))
        batches.insert(op.getResult(0));
  }

  int64_t hoisted = 0, sunk = 0;

  void run() {
    for (Operation &op : block.without_terminator())
      if (!isa<PointOpInterface, ScanOp>(op))
        hoist(&op);
    for (size_t number = 0; number < arguments.carries.size(); ++number)
      sink(number);
    if (hoisted + sunk > 0)
      rebuild();
  }

private:
  /// Whether an op reads batches, and beside them nothing but invariants.
  bool readsBatches(Operation *op) const {
    auto isBatch = [&](Value operand) { return batches.contains(operand); };
    return llvm::any_of(op->getOperands(), isBatch) && llvm::all_of(op->getOperands(), [&](Value operand) {
             return isBatch(operand) || invariant.contains(operand);
           });
  }

  //===--------------------------------------------------------------------===//
  // Values of the body, outside
  //===--------------------------------------------------------------------===//

  /// An invariant, in front of the loop.
  Value outside(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return scan.getOperand(argument.getArgNumber());
    if (!copies.contains(value)) {
      Operation *op = value.getDefiningOp();
      IRMapping mapping;
      for (Value operand : op->getOperands())
        mapping.map(operand, outside(operand));
      copies.map(op->getResults(), before.clone(*op, mapping)->getResults());
    }
    return copies.lookup(value);
  }

  /// A batch or an invariant for all times.
  Value atAllTimes(Value value) {
    if (invariant.contains(value) || isa<BlockArgument>(value))
      return outside(value);
    if (!copies.contains(value)) {
      SmallVector<Value> operands =
          llvm::map_to_vector(value.getDefiningOp()->getOperands(), [&](Value operand) { return atAllTimes(operand); });
      copies.map(value, cloneForRows(before, value.getDefiningOp(), operands, scan.getSteps() * rowsOf(value)));
    }
    return copies.lookup(value);
  }

  bool pays(int64_t bytes) {
    if (bytes > budget)
      return false;
    budget -= bytes;
    return true;
  }

  //===--------------------------------------------------------------------===//
  // In front of the loop
  //===--------------------------------------------------------------------===//

  /// Takes an op out that does the same at every time, or the same for other rows.
  void hoist(Operation *op) {
    bool isInvariant = llvm::all_of(op->getResults(), [&](Value result) { return invariant.contains(result); });
    bool isBatch = op->getNumResults() == 1 && batches.contains(op->getResult(0));
    if (!isInvariant && !(isBatch && pays(scan.getSteps() * bytesOf(op->getResult(0).getType()))))
      return;
    for (Value result : op->getResults())
      moved[result] = {isInvariant ? outside(result) : atAllTimes(result), isInvariant};
    ++hoisted;
  }

  //===--------------------------------------------------------------------===//
  // Behind the loop
  //===--------------------------------------------------------------------===//

  /// A carry that only adds up products: they become one product over all times.
  void sink(size_t number) {
    BlockArgument sum = arguments.carries[number];
    auto add = returned[number].getDefiningOp<AddOp>();
    if (!add || !sum.hasOneUse() || !add->hasOneUse() || (add.getLhs() != sum && add.getRhs() != sum))
      return;
    SmallVector<Operation *> term = productIn(add.getLhs() == sum ? add.getRhs() : add.getLhs());
    if (term.empty() || !sumsOverRows(term.front()))
      return;
    SmallVector<Value> more;
    int64_t bytes = 0;
    for (Value operand : term.front()->getOperands())
      if (!batches.contains(operand)) {
        more.push_back(operand);
        bytes += isStacked(operand) ? 0 : scan.getSteps() * bytesOf(operand.getType());
      }
    if (!pays(bytes))
      return;
    for (Value operand : more)
      stacked.insert({operand, {}});
    sums[number] = std::move(term);
    ++sunk;
  }

  /// The op whose elements `value` has, and the ops that move them, none of them read by others.
  static SmallVector<Operation *> productIn(Value value) {
    SmallVector<Operation *> term;
    for (Operation *op = value.getDefiningOp(); op && op->hasOneUse(); op = op->getOperand(0).getDefiningOp()) {
      term.insert(term.begin(), op);
      if (!isa<TransposeOp, ReshapeOp>(op))
        return term;
    }
    return {};
  }

  bool isStacked(Value value) const {
    return stacked.contains(value) || llvm::is_contained(returned.drop_front(arguments.carries.size()), value);
  }

  /// Whether an op sums over the rows of all its operands.
  bool sumsOverRows(Operation *op) const {
    if (llvm::any_of(op->getOperands(), [&](Value operand) { return invariant.contains(operand); }))
      return false;
    if (auto dot = dyn_cast<DotOp>(op)) {
      for (auto [lhs, rhs] : llvm::zip_equal(dot.getLhsContract(), dot.getRhsContract()))
        if (lhs == 0 && rhs == 0)
          return true;
      return false;
    }
    return isa<ConvDwOp>(op);
  }

  //===--------------------------------------------------------------------===//
  // The loop between
  //===--------------------------------------------------------------------===//

  void rebuild() {
    ScanBuilder builder(body, body.getName(), scan.getSteps());
    IRMapping mapping;
    Ports ports = nacre::graph::argumentsOf(body);
    for (BlockArgument argument : block.getArguments()) {
      unsigned number = argument.getArgNumber();
      Value operand = scan.getOperand(number);
      StringRef name = ports[number].name;
      if (number < arguments.carries.size()) {
        if (!sums.contains(number))
          mapping.map(argument, builder.addCarry(operand, name));
      } else if (number < arguments.carries.size() + arguments.slices.size()) {
        mapping.map(argument, builder.addSequence(operand, name));
      } else {
        mapping.map(argument, builder.addInvariant(operand, name));
      }
    }
    for (auto &[value, place] : moved)
      mapping.map(value, place.isInvariant ? builder.addInvariant(place.outside, "hoisted")
                                           : builder.addSequence(place.outside, "hoisted"));
    copyBody(builder, mapping);
    SmallVector<Value> next, slices;
    for (size_t number = 0; number < arguments.carries.size(); ++number)
      if (!sums.contains(number))
        next.push_back(mapping.lookup(returned[number]));
    for (Value value : returned.drop_front(arguments.carries.size()))
      slices.push_back(mapping.lookup(value));
    for (auto &[value, stack] : stacked)
      slices.push_back(mapping.lookup(value));
    ScanOp loop = builder.create(before, scan.getLoc(), next, slices, scan.getReverse());
    replaceResults(loop);
  }

  void copyBody(ScanBuilder &builder, IRMapping &mapping) {
    DenseSet<Operation *> gone;
    for (auto &[number, term] : sums) {
      gone.insert_range(term);
      gone.insert(returned[number].getDefiningOp());
    }
    OpBuilder inside = builder.atEnd();
    for (Operation &op : block.without_terminator())
      if (!gone.contains(&op) && (op.getNumResults() == 0 || !moved.contains(op.getResult(0))))
        inside.clone(op, mapping);
  }

  void replaceResults(ScanOp loop) {
    size_t place = 0;
    for (auto [number, final] : llvm::enumerate(scan.getFinals()))
      if (!sums.contains(number))
        final.replaceAllUsesWith(loop.getFinals()[place++]);
    for (auto [number, stack] : llvm::enumerate(scan.getStacks()))
      stack.replaceAllUsesWith(loop.getStacks()[number]);
    for (auto [entry, stack] : llvm::zip_equal(stacked, loop.getStacks().drop_front(scan.getStacks().size())))
      entry.second = stack;
    for (auto &[number, term] : sums)
      scan.getFinals()[number].replaceAllUsesWith(sumBehind(number, term));
    retire(scan, loop);
  }

  Value sumBehind(size_t number, ArrayRef<Operation *> term) {
    IRMapping mapping;
    for (Value operand : term.front()->getOperands())
      mapping.map(operand, batches.contains(operand) ? atAllTimes(operand) : stacked.lookup(operand));
    Value sum;
    for (Operation *op : term)
      sum = before.clone(*op, mapping)->getResult(0);
    return AddOp::create(before, sum.getLoc(), sum.getType(), scan.getInits()[number], sum);
  }

  struct Moved {
    Value outside;
    bool isInvariant;
  };

  ScanOp scan;
  func::FuncOp body;
  Block &block;
  ScanArguments arguments;
  OperandRange returned;
  int64_t budget;
  OpBuilder before; ///< In front of the old loop, behind the new one.
  DenseSet<Value> invariant, batches;
  IRMapping copies;
  llvm::MapVector<Value, Moved> moved;
  /// Carries that leave the loop, and what they add up: a product, and ops that move its elements.
  llvm::MapVector<size_t, SmallVector<Operation *>> sums;
  llvm::MapVector<Value, Value> stacked; ///< More stacks, for products behind the loop.
};

struct BatchScans : nacre::grad::impl::BatchScansBase<BatchScans> {
  using BatchScansBase::BatchScansBase;

  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) { scans.push_back(scan); });
    for (ScanOp scan : scans) {
      ScanBatcher batcher(scan, budget);
      batcher.run();
      hoisted += batcher.hoisted;
      sunk += batcher.sunk;
    }
  }
};

} // namespace
