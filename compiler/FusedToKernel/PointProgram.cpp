//===- PointProgram.cpp - A point program inside a kernel's loops ---------===//

#include "FusedToKernel/PointProgram.h"
#include "FusedToKernel/Arguments.h"
#include "FusedToKernel/Choice.h"
#include "FusedToKernel/InnerLoop.h"
#include "FusedToKernel/Pieces.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Rows: enough to hide the latency of memory, few enough to stay in the nearest cache.
static constexpr int64_t touchedAhead = 8;

namespace {

class ProgramEmitter {
public:
  ProgramEmitter(KernelFunction &kernel, LaneMath &lanes, const PointInputs &inputs)
      : kernel(kernel), lanes(lanes), inputs(inputs) {}

  SmallVector<Lanes> run(Region &region, ArrayRef<Lanes> arguments, unsigned piece, std::optional<unsigned> row) {
    if (row)
      rowSteps = stepsAlong(region, region.getArgument(*row));
    for (auto [argument, value] : llvm::zip(region.getArguments(), arguments))
      values[argument] = value;
    firstInput = arguments.size();
    Block &program = programOf(region, piece);
    if (kernel.getTarget().isGpu() && isa<fused::ConvOp, fused::ConvDwOp>(region.getParentOp()))
      findChoices(program);
    for (Operation &op : program.without_terminator())
      if (!isPartOfChoice.contains(&op) && (!isa<arith::ConstantOp>(op) || !isa<ShapedType>(op.getResult(0).getType())))
        values[op.getResult(0)] = emit(&op);
    return llvm::map_to_vector(program.getTerminator()->getOperands(), [&](Value value) { return values.at(value); });
  }

private:
  /// Finds loads of which one is chosen, outermost choices first. What is only read by a choice is left to it.
  void findChoices(Block &program) {
    for (Operation &op : llvm::reverse(program)) {
      if (isPartOfChoice.contains(&op) || !isa<arith::SelectOp>(op))
        continue;
      std::optional<Choice> choice = choiceOf(op.getResult(0));
      if (!choice)
        continue;
      choices[&op] = *choice;
      for (Operation *inner = op.getPrevNode(); inner; inner = inner->getPrevNode()) {
        auto isOfThis = [&](Operation *user) { return user == &op || isPartOfChoice.lookup(user) == &op; };
        if (isa<arith::SelectOp, arith::ExtFOp, tensor::ExtractOp>(inner) && llvm::all_of(inner->getUsers(), isOfThis))
          isPartOfChoice[inner] = &op;
      }
    }
  }

  Lanes emitChoice(Operation *op, const Choice &choice) {
    SmallVector<Buffer> buffers =
        llvm::map_to_vector(choice.parts, [&](Choice::Part part) { return bufferOf(part.read.getTensor()); });
    SmallVector<Lanes> indices;
    tensor::ExtractOp first = choice.parts[0].read;
    for (auto [axis, index] : llvm::enumerate(first.getIndices()))
      indices.push_back(axis == choice.axis ? values.at(choice.index) : values.at(index));
    if (std::optional<Lanes> chosen = loadChosen(kernel, lanes, choice, buffers, indices))
      return *chosen;
    for (Operation &part : *op->getBlock())
      if (isPartOfChoice.lookup(&part) == op)
        values[part.getResult(0)] = emit(&part);
    return emit(op);
  }

  Lanes emit(Operation *op) {
    if (auto found = choices.find(op); found != choices.end()) {
      Choice choice = found->second;
      choices.erase(found);
      return emitChoice(op, choice);
    }
    auto operands = llvm::map_to_vector(op->getOperands(), [&](Value value) { return values.lookup(value); });
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      return load(extract, bufferOf(extract.getTensor()), ArrayRef<Lanes>(operands).drop_front());
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

  Lanes load(tensor::ExtractOp extract, const Buffer &buffer, ArrayRef<Lanes> indices) {
    IndexMath math = kernel.loops().math(0);
    Value rowsAhead = math.constant(0);
    for (auto [axis, index] : llvm::enumerate(extract.getIndices()))
      if (auto step = rowSteps.find(index); step != rowSteps.end())
        rowsAhead = math.add(rowsAhead, math.mul(buffer.stride(math, axis), step->second.value_or(0) * touchedAhead));
    if (!IndexMath::isConstant(rowsAhead, 0))
      lanes.touch(buffer, indices, rowsAhead);
    return lanes.load(buffer, indices);
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
  LaneSteps rowSteps; ///< From row to row.
  llvm::DenseMap<Operation *, Choice> choices;
  llvm::DenseMap<Operation *, Operation *> isPartOfChoice; ///< Of which one.
};

} // namespace

SmallVector<Lanes> kernel::emitProgram(KernelFunction &kernel, LaneMath &lanes, Region &region,
                                       const PointInputs &inputs, ArrayRef<Lanes> arguments, unsigned piece,
                                       std::optional<unsigned> row) {
  return ProgramEmitter(kernel, lanes, inputs).run(region, arguments, piece, row);
}
