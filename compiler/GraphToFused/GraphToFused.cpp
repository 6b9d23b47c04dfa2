//===- GraphToFused.cpp - The pass that cuts the step into nests ----------===//

#include "Graph/Ports.h"
#include "GraphToFused/NestEmitter.h"
#include "GraphToFused/Passes.h"

using namespace mlir;
using namespace nacre;

namespace nacre {
#define GEN_PASS_DEF_GRAPHTOFUSED
#include "GraphToFused/Passes.h.inc"
} // namespace nacre

namespace {

struct GraphToFusedPass : nacre::impl::GraphToFusedBase<GraphToFusedPass> {
  using GraphToFusedBase::GraphToFusedBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        convert(function);
  }

  /// Bodies of loops go first: a loop asks its body for the layouts.
  void convert(func::FuncOp function) {
    if (!converted.insert(function).second)
      return;
    function.walk([&](graph::ScanOp scan) { convert(scan.bodyFunction()); });
    Block &from = function.getBody().front();
    bool plain = function->hasAttr(graph::referenceAttr);
    StorageChoice choice(from, fuse && !plain, templates && !plain);
    NestPlan plan(choice, fuse && !plain);
    auto last = channelsLast(function);
    numStored += choice.numChosen();
    numNests += plan.nests().size();

    Block &to = function.getBody().emplaceBlock();
    OpBuilder builder = OpBuilder::atBlockEnd(&to);
    NestEmitter emitter(builder, choice, plan, last, WinogradChoice(winograd));
    for (BlockArgument argument : from.getArguments())
      emitter.define(argument, to.addArgument(storedType(argument, last.contains(argument)), argument.getLoc()));
    emitter.emitAll();
    SmallVector<Value> results;
    for (Value result : from.getTerminator()->getOperands()) {
      SmallVector<int64_t> order = fused::layoutOf(storedType(result, isBody(function) && last.contains(result)));
      results.push_back(emitter.inOrder(result, order, "it leaves the function, where tensors are row-major"));
    }
    func::ReturnOp::create(builder, from.getTerminator()->getLoc(), results);

    from.dropAllReferences();
    from.erase();
    function.setType(
        FunctionType::get(function.getContext(), to.getArgumentTypes(), to.getTerminator()->getOperandTypes()));
  }

  DenseSet<func::FuncOp> converted;
};

} // namespace
