//===- PeelScans.cpp - First steps that are less work than others ---------===//

#include "Grad/Passes.h"
#include "Grad/RowWise.h"
#include "Graph/Scan.h"
#include "mlir/IR/IRMapping.h"

namespace nacre::grad {
#define GEN_PASS_DEF_PEELSCANS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;
using namespace nacre::grad;

namespace {

/// Arithmetic of a body, and how much less it is in the first step, where rows of initial carries are all the same.
struct Work {
  double once = 0, saved = 0;
};

Work workOf(ScanOp scan) {
  func::FuncOp body = scan.bodyFunction();
  EqualRows outside(*scan->getBlock(), {});
  SmallVector<Value> given;
  for (auto [init, argument] : llvm::zip_equal(scan.getInits(), argumentsOf(scan, body).carries))
    if (outside.contains(init))
      given.push_back(argument);
  EqualRows inside(body.front(), given);
  Work work;
  for (Operation &op : body.front().without_terminator())
    if (auto cost = dyn_cast<CostOpInterface>(op)) {
      work.once += cost.flops();
      if (inside.contains(op.getResult(0)))
        work.saved += cost.flops() * (1 - 1.0 / rowsOf(op.getResult(0)));
    }
  return work;
}

/// Puts a copy of the body in front of a loop that runs once less.
void peel(ScanOp scan) {
  OpBuilder builder(scan);
  SmallVector<Value> operands(scan.getInits());
  for (Value sequence : scan.getSequences())
    operands.push_back(turnsOf(builder, scan, sequence, 0, 1));
  llvm::append_range(operands, scan.getInvariants());
  Block &body = scan.bodyFunction().front();
  IRMapping mapping;
  mapping.map(body.getArguments(), operands);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> results =
      llvm::map_to_vector(body.getTerminator()->getOperands(), [&](Value value) { return mapping.lookup(value); });
  ScanOp rest = restOf(builder, scan, 1, ArrayRef(results).take_front(scan.getInits().size()));
  replaceByParts(builder, scan, results, rest);
}

struct PeelScans : nacre::grad::impl::PeelScansBase<PeelScans> {
  using PeelScansBase::PeelScansBase;

  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) { scans.push_back(scan); });
    for (ScanOp scan : scans) {
      // Who keeps few steps has no memory for what else would be kept of the first one.
      if (scan.getKeep() != 0 || scan.getSteps() < 2)
        continue;
      Work work = workOf(scan);
      if (work.saved == 0 || work.saved < share * scan.getSteps() * work.once)
        continue;
      peel(scan);
      ++peeled;
    }
  }
};

} // namespace
