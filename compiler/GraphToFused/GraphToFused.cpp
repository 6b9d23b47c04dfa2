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

  void convert(func::FuncOp function) {
    Block &from = function.getBody().front();
    bool plain = function->hasAttr(graph::referenceAttr);
    StorageChoice choice(from, fuse && !plain, templates && !plain);
    NestPlan plan(choice, fuse && !plain);
    auto last = channelsLast(from);
    numStored += choice.numChosen();
    numNests += plan.nests().size();

    Block &to = function.getBody().emplaceBlock();
    OpBuilder builder = OpBuilder::atBlockEnd(&to);
    NestEmitter emitter(builder, choice, plan, last);
    for (BlockArgument argument : from.getArguments())
      emitter.define(argument, to.addArgument(storedType(argument, false), argument.getLoc()));
    emitter.emitAll();
    SmallVector<Value> results;
    for (Value result : from.getTerminator()->getOperands())
      results.push_back(emitter.rowMajor(result));
    func::ReturnOp::create(builder, from.getTerminator()->getLoc(), results);

    from.dropAllReferences();
    from.erase();
    function.setType(
        FunctionType::get(function.getContext(), to.getArgumentTypes(), to.getTerminator()->getOperandTypes()));
  }
};

} // namespace
