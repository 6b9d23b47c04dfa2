//===- StackParts.cpp - Stacks of what is put together --------------------===//

#include "Grad/Passes.h"
#include "Graph/Scan.h"
#include "Graph/Term.h"
#include "mlir/IR/IRMapping.h"

namespace nacre::grad {
#define GEN_PASS_DEF_STACKPARTS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

namespace {

/// What the slice of a stack is made of that had better be stacked in its place.
ValueRange partsOf(Value slice) {
  // Along the leading axis the parts of all times would lie between each other.
  if (auto concat = slice.getDefiningOp<ConcatOp>(); concat && concat.getAxis() > 0)
    return concat.getOperands();
  // The multiple of a value that others read, which else might be stored beside it.
  auto product = slice.getDefiningOp<MulOp>();
  if (product && splatOf(product.getRhs()) && !product.getLhs().hasOneUse())
    return product->getOperands().take_front();
  return {};
}

/// What is stacked for a slice.
void findLeaves(Value slice, SmallVectorImpl<Value> &leaves) {
  ValueRange parts = partsOf(slice);
  if (parts.empty())
    leaves.push_back(slice);
  for (Value part : parts)
    findLeaves(part, leaves);
}

/// The stack of a slice at all steps, of those of its leaves, which are taken from the front of `stacks`.
Value restore(OpBuilder &builder, Value slice, int64_t steps, ValueRange &stacks) {
  ValueRange parts = partsOf(slice);
  if (parts.empty()) {
    Value leaf = stacks.front();
    stacks = stacks.drop_front();
    return leaf;
  }
  Location loc = slice.getLoc();
  if (auto product = slice.getDefiningOp<MulOp>())
    return Term(builder, loc, restore(builder, parts[0], steps, stacks)) * *splatOf(product.getRhs());
  SmallVector<Value> restored;
  for (Value part : parts)
    restored.push_back(restore(builder, part, steps, stacks));
  return ConcatOp::create(builder, loc, stackType(slice.getType(), steps), restored,
                          slice.getDefiningOp<ConcatOp>().getAxis());
}

/// Replaces one loop.
class PartStacker {
public:
  explicit PartStacker(ScanOp scan)
      : scan(scan), body(scan.bodyFunction()), returned(body.front().getTerminator()->getOperands()),
        carries(returned.take_front(scan.getFinals().size())), slices(returned.drop_front(carries.size())) {}

  bool run() {
    if (llvm::all_of(slices, [](Value slice) { return partsOf(slice).empty(); }))
      return false;
    ScanBuilder fresh(body, body.getName(), scan.getSteps());
    IRMapping mapping;
    copyBody(fresh, mapping);
    SmallVector<Value> next, stacked;
    for (Value carry : carries)
      next.push_back(mapping.lookup(carry));
    for (Value slice : slices)
      findLeaves(slice, stacked);
    for (Value &leaf : stacked)
      leaf = mapping.lookup(leaf);
    OpBuilder builder(scan);
    ScanOp loop = fresh.create(builder, scan.getLoc(), next, stacked, scan.getReverse());
    loop.setAgain(scan.getAgain());
    loop.setKeep(scan.getKeep());
    replaceResults(builder, loop);
    return true;
  }

private:
  void copyBody(ScanBuilder &fresh, IRMapping &mapping) {
    Ports ports = nacre::graph::argumentsOf(body);
    ScanArguments arguments = nacre::graph::argumentsOf(scan, body);
    auto copy = [&](auto inside, auto outside, auto add) {
      for (auto [argument, operand] : llvm::zip_equal(inside, outside))
        mapping.map(argument, (fresh.*add)(operand, ports[argument.getArgNumber()].name));
    };
    copy(arguments.carries, scan.getInits(), &ScanBuilder::addCarry);
    copy(arguments.slices, scan.getSequences(), &ScanBuilder::addSequence);
    copy(arguments.invariants, scan.getInvariants(), &ScanBuilder::addInvariant);
    OpBuilder inside = fresh.atEnd();
    for (Operation &op : body.front().without_terminator())
      inside.clone(op, mapping);
  }

  void replaceResults(OpBuilder &builder, ScanOp loop) {
    for (auto [old, fresh] : llvm::zip_equal(scan.getFinals(), loop.getFinals()))
      old.replaceAllUsesWith(fresh);
    ValueRange stacks = loop.getStacks();
    for (auto [stack, slice] : llvm::zip_equal(scan.getStacks(), slices))
      stack.replaceAllUsesWith(restore(builder, slice, scan.getSteps(), stacks));
    retire(scan, loop);
  }

  ScanOp scan;
  func::FuncOp body;
  OperandRange returned, carries, slices;
};

struct StackParts : nacre::grad::impl::StackPartsBase<StackParts> {
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) { scans.push_back(scan); });
    for (ScanOp scan : scans)
      loops += PartStacker(scan).run();
  }
};

} // namespace
