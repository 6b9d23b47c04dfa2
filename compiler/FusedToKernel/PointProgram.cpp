//===- PointProgram.cpp - A point program inside a kernel's loops ---------===//

#include "FusedToKernel/PointProgram.h"
#include "FusedToKernel/Arguments.h"
#include "FusedToKernel/Pieces.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class ProgramEmitter {
public:
  ProgramEmitter(KernelFunction &kernel, LaneMath &lanes, const PointInputs &inputs)
      : kernel(kernel), lanes(lanes), inputs(inputs) {}

  SmallVector<Lanes> run(Region &region, ArrayRef<Lanes> arguments, unsigned piece) {
    for (auto [argument, value] : llvm::zip(region.getArguments(), arguments))
      values[argument] = value;
    firstInput = arguments.size();
    Block &program = programOf(region, piece);
    for (Operation &op : program.without_terminator())
      if (!isa<arith::ConstantOp>(op) || !isa<ShapedType>(op.getResult(0).getType()))
        values[op.getResult(0)] = emit(&op);
    return llvm::map_to_vector(program.getTerminator()->getOperands(), [&](Value value) { return values.at(value); });
  }

private:
  Lanes emit(Operation *op) {
    auto operands = llvm::map_to_vector(op->getOperands(), [&](Value value) { return values.lookup(value); });
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      return lanes.load(bufferOf(extract.getTensor()), ArrayRef<Lanes>(operands).drop_front());
    if (auto argument = op->getAttrOfType<IntegerAttr>(isArgumentAttr))
      return {kernel.number(inputs.firstExtent + argument.getInt(), op->getResult(0).getType())};
    if (auto control = dyn_cast<graph::PointControlOp>(op))
      return {kernel.control(control.getName(), control.getType())};
    if (auto random = dyn_cast<graph::PointRandomOp>(op))
      return emitRandom(kernel, lanes, random, kernel.word(inputs.firstExtent + random.getStream()), operands);
    if (isa<UnrealizedConversionCastOp>(op))
      return operands[0];
    return lanes.apply(op, operands);
  }

  Buffer bufferOf(Value tensor) {
    if (auto argument = dyn_cast<BlockArgument>(tensor))
      return inputs.buffers[argument.getArgNumber() - firstInput];
    return kernel.table(cast<DenseElementsAttr>(tensor.getDefiningOp<arith::ConstantOp>().getValue()));
  }

  KernelFunction &kernel;
  LaneMath &lanes;
  const PointInputs &inputs;
  unsigned firstInput = 0;
  llvm::DenseMap<Value, Lanes> values;
};

} // namespace

SmallVector<Lanes> kernel::emitProgram(KernelFunction &kernel, LaneMath &lanes, Region &region,
                                       const PointInputs &inputs, ArrayRef<Lanes> arguments, unsigned piece) {
  return ProgramEmitter(kernel, lanes, inputs).run(region, arguments, piece);
}
