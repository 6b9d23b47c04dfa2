//===- SeparateKernels.cpp - A module for each kernel ---------------------===//

#include "FusedToKernel/Passes.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace nacre::kernel {
#define GEN_PASS_DEF_SEPARATEKERNELS
#include "FusedToKernel/Passes.h.inc"

namespace {

class SeparateKernels : public impl::SeparateKernelsBase<SeparateKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    SmallVector<Operation *> together;
    for (Operation &op : *module.getBody())
      together.push_back(&op);
    for (Operation *op : together)
      if (auto kernel = dyn_cast<FunctionOpInterface>(op); kernel && kernel.isPublic() && !kernel.isExternal())
        separate(kernel, symbols);
    for (Operation *op : together)
      op->erase();
  }

  /// Copies a function and the symbols it reaches.
  void separate(FunctionOpInterface kernel, const SymbolTable &symbols) {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    builder.setInsertionPointToEnd(ModuleOp::create(builder, kernel.getLoc()).getBody());
    SetVector<Operation *> reached;
    reached.insert(kernel);
    for (size_t i = 0; i < reached.size(); ++i)
      if (auto uses = SymbolTable::getSymbolUses(reached[i]))
        for (const SymbolTable::SymbolUse &use : *uses)
          if (Operation *used = symbols.lookup(use.getSymbolRef().getRootReference()))
            reached.insert(used);
    for (Operation *op : reached)
      builder.clone(*op);
  }
};

} // namespace
} // namespace nacre::kernel
