//===- GraphToFused.cpp - The pass that cuts the step into nests ----------===//

#include "Graph/Ports.h"
#include "GraphToFused/NestEmitter.h"
#include "GraphToFused/Passes.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"

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
    if (failed(readSchedule()))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        convert(function);
    if (!schedule.empty())
      warnUnused();
  }

  Location placeInSchedule(unsigned line) { return FileLineColLoc::get(&getContext(), schedule, line, 1); }

  LogicalResult readSchedule() {
    if (schedule.empty())
      return success();
    auto buffer = llvm::MemoryBuffer::getFile(schedule, /*IsText=*/true);
    if (!buffer)
      return emitError(placeInSchedule(1), "cannot be read: ") << buffer.getError().message();
    auto parsed = ScheduleFile::parse((*buffer)->getBuffer());
    if (auto *error = std::get_if<ScheduleFile::Error>(&parsed))
      return emitError(placeInSchedule(error->line), error->message);
    choices = std::get<ScheduleFile>(std::move(parsed));
    std::string hash = llvm::utohexstr(llvm::xxh3_64bits((*buffer)->getBuffer()), /*LowerCase=*/true, /*Width=*/16);
    getOperation()->setAttr("nacre.schedule", StringAttr::get(&getContext(), hash));
    return success();
  }

  /// Lines that are about nothing are most likely a mistake.
  void warnUnused() {
    if (!choices.knows(target)) {
      emitWarning(placeInSchedule(1), "nothing in it is for ") << target << ": the compiler chooses by itself";
      return;
    }
    auto [line, count] = choices.unused(target);
    if (count == 0)
      return;
    InFlightDiagnostic warning = emitWarning(placeInSchedule(line), "no convolution of the program has this name");
    if (count > 1)
      warning << ", nor those of " << count - 1 << " other lines";
    warning << ": `nacre tune` writes the names that there are";
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
    ChannelAxes last = channelsLast(function);
    numStored += choice.numChosen();
    numNests += plan.nests().size();

    Block &to = function.getBody().emplaceBlock();
    OpBuilder builder = OpBuilder::atBlockEnd(&to);
    ConvolutionChoice convolutions(WinogradChoice(winograd), choices, target, gpu);
    NestEmitter emitter(builder, choice, plan, last, convolutions);
    for (BlockArgument argument : from.getArguments())
      emitter.define(argument, to.addArgument(storedType(argument, last), argument.getLoc()));
    emitter.emitAll();
    SmallVector<Value> results;
    for (Value result : from.getTerminator()->getOperands()) {
      SmallVector<int64_t> order = fused::layoutOf(storedType(result, isBody(function) ? last : ChannelAxes()));
      results.push_back(emitter.inOrder(result, order, "it leaves the function, where tensors are row-major"));
    }
    func::ReturnOp::create(builder, from.getTerminator()->getLoc(), results);

    from.dropAllReferences();
    from.erase();
    function.setType(
        FunctionType::get(function.getContext(), to.getArgumentTypes(), to.getTerminator()->getOperandTypes()));
  }

  DenseSet<func::FuncOp> converted;
  ScheduleFile choices;
};

} // namespace
