//===- HoistInvariants.cpp - Nests that are the same at every step --------===//

#include "Graph/Scan.h"
#include "GraphToFused/Passes.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace nacre;

namespace nacre {
#define GEN_PASS_DEF_HOISTINVARIANTS
#include "GraphToFused/Passes.h.inc"
} // namespace nacre

namespace {

struct HoistInvariantsPass : nacre::impl::HoistInvariantsBase<HoistInvariantsPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isPrivate())
        hoistInto(function);
  }

  /// Inner loops first: what leaves one may leave the next.
  void hoistInto(func::FuncOp function) {
    SmallVector<graph::ScanOp> scans(function.getOps<graph::ScanOp>());
    for (graph::ScanOp scan : scans) {
      func::FuncOp body = scan.bodyFunction();
      hoistInto(body);
      if (llvm::hasSingleElement(*SymbolTable::getSymbolUses(body, getOperation())))
        hoist(scan, body);
    }
  }

  void hoist(graph::ScanOp scan, func::FuncOp body) {
    size_t varying = scan.getInits().size() + scan.getSequences().size();
    IRMapping outside;
    for (BlockArgument argument : body.getArguments().drop_front(varying))
      outside.map(argument, scan.getOperand(argument.getArgNumber()));
    OpBuilder before(scan);
    for (Operation &op : llvm::make_early_inc_range(body.front().without_terminator())) {
      bool isInvariant = llvm::all_of(op.getOperands(), [&](Value operand) { return outside.contains(operand); });
      if (!isInvariant || isa<graph::ScanOp>(op))
        continue;
      Operation *copy = before.clone(op, outside);
      for (auto [inside, result] : llvm::zip_equal(op.getResults(), copy->getResults())) {
        Value argument = graph::addArgument(body, inside.getType(), graph::invariantRole, "");
        scan.getInvariantsMutable().append(result);
        inside.replaceAllUsesWith(argument);
        outside.map(argument, result);
      }
      op.erase();
      ++hoisted;
    }
    dropUnused(scan, body, varying);
  }

  /// What was only read by nests that have left.
  static void dropUnused(graph::ScanOp scan, func::FuncOp body, size_t varying) {
    for (unsigned number = body.getNumArguments(); number-- > varying;) {
      if (!body.getArgument(number).use_empty())
        continue;
      (void)body.eraseArgument(number);
      scan.getInvariantsMutable().erase(number - varying);
    }
  }
};

} // namespace
