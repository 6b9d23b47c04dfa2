//===- AstToGraph.cpp - An elaborated program as graph IR -----------------===//

#include "AstToGraph/AstToGraph.h"
#include "AstToGraph/FunctionBuilder.h"

using namespace mlir;
using namespace nacre;

OwningOpRef<ModuleOp> nacre::toGraph(const lang::Program &program, const ToGraphOptions &options,
                                     MLIRContext &context) {
  context.loadDialect<graph::GraphDialect, func::FuncDialect>();
  OpBuilder builder(&context);
  FloatType floatType = options.floatBits == 64 ? FloatType(builder.getF64Type()) : FloatType(builder.getF32Type());
  Location fileLoc = FileLineColLoc::get(&context, program.file, 0, 0);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, fileLoc, program.name);
  Locations locations(&context, program.frames);

  const std::pair<StringRef, const lang::Function *> functions[] = {
      {"init", &program.init},         {"forward_train", &program.train},
      {"forward_eval", &program.eval}, {"forward_eval_one", &program.evalOne},
      {"update", &program.update},     {"finish", &program.finish}};
  for (auto [name, function] : functions) {
    builder.setInsertionPointToEnd(module->getBody());
    FunctionBuilder(*function, floatType, graph::makeFunction(builder, fileLoc, name), locations).build();
  }
  if (program.settings.accumulate > 1)
    module->lookupSymbol("forward_train")
        ->setAttr(graph::accumulateAttr, builder.getI64IntegerAttr(program.settings.accumulate));
  if (options.lossScale)
    module->lookupSymbol("forward_train")->setAttr(graph::lossScaleAttr, builder.getUnitAttr());
  if (options.runsAhead)
    module->lookupSymbol("forward_train")->setAttr(graph::runsAheadAttr, builder.getUnitAttr());
  // In f64 always: finite differences mean nothing in f32.
  func::FuncOp check = graph::makeFunction(builder, fileLoc, "forward_check");
  check->setAttr(graph::referenceAttr, builder.getUnitAttr());
  FunctionBuilder(program.check, builder.getF64Type(), check, locations).build();
  return module;
}
