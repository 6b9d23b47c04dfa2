//===- Arguments.cpp - Numbers that a kernel is given ---------------------===//

#include "FusedToKernel/Arguments.h"
#include "FusedToKernel/InnerLoop.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// On a `map` or `reduce` in its source: of each axis of each input but the outermost, the argument that is its extent.
static constexpr const char *inputExtentsName = "nacre.input_extents";

/// The argument that is this number: one that is there already, of those from `first` on, or a new one. What is equal
/// takes one register.
static int64_t argumentOf(KernelSource &source, int64_t number, size_t first) {
  SmallVector<int64_t> &numbers = source.numbers;
  auto *known = std::find(numbers.begin() + first, numbers.end(), number);
  int64_t argument = known - numbers.begin();
  if (known == numbers.end())
    numbers.push_back(number);
  return argument;
}

//===----------------------------------------------------------------------===//
// Taken out: convolutions
//===----------------------------------------------------------------------===//

static RankedTensorType withDynamicAxis(RankedTensorType type, int64_t axis) {
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = ShapedType::kDynamic;
  return RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
}

/// Turns the leading extent of a convolution into an argument: no stride depends on it, unless results begin with
/// another axis.
static void abstractLeadingExtent(KernelSource &source) {
  Operation *nest = source.nest;
  SmallVector<int64_t> extents(extentsOf(nest));
  source.numbers.push_back(extents[0]);
  extents[0] = ShapedType::kDynamic;
  setExtents(nest, extents);
  if (auto dw = dyn_cast<fused::ConvDwOp>(nest)) {
    SmallVector<int64_t> of(dw.getResultExtents());
    of[0] = ShapedType::kDynamic;
    return dw.setResultExtents(of);
  }
  if (cast<fused::ConvOp>(nest).axesOfResults()[0] != 0)
    return;
  for (OpResult result : nest->getResults())
    result.setType(withDynamicAxis(cast<RankedTensorType>(result.getType()), 0));
}

/// Nobody asks for the outermost extent of an input: all strides are known without it.
static void abstractInputExtents(Operation *nest) {
  auto abstract = [](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() > 0)
      value.setType(withDynamicAxis(type, 0));
  };
  unsigned inputs = nest->getNumOperands() - isa<fused::ConvOp>(nest);
  for (Value operand : nest->getOperands().take_back(inputs))
    abstract(operand);
  for (Region &region : nest->getRegions())
    for (BlockArgument argument : region.getArguments().take_back(inputs))
      abstract(argument);
}

//===----------------------------------------------------------------------===//
// Taken out: maps and reductions
//===----------------------------------------------------------------------===//

static RankedTensorType withDynamicAxes(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getRank(), ShapedType::kDynamic);
  return RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
}

/// The axis of the domain that alone indexes that axis of an input and is as long; none if there is none.
static std::optional<int64_t> axisThatIndexes(Operation *nest, BlockArgument input, int64_t place) {
  Value index;
  for (Operation *user : input.getUsers()) {
    Value found = cast<tensor::ExtractOp>(user).getIndices()[place];
    if (index && found != index)
      return std::nullopt;
    index = found;
  }
  auto axis = dyn_cast_if_present<BlockArgument>(index);
  if (!axis || extentsOf(nest)[axis.getArgNumber()] != cast<RankedTensorType>(input.getType()).getDimSize(place))
    return std::nullopt;
  return axis.getArgNumber();
}

static void abstractInputs(KernelSource &source) {
  Operation *nest = source.nest;
  SmallVector<int64_t> arguments;
  size_t first = source.numbers.size();
  for (BlockArgument input : inputArguments(nest)) {
    auto type = cast<RankedTensorType>(input.getType());
    for (int64_t place = 1; place < type.getRank(); ++place) {
      std::optional<int64_t> axis = axisThatIndexes(nest, input, place);
      arguments.push_back(axis ? *axis : argumentOf(source, type.getDimSize(place), first));
    }
  }
  nest->setAttr(inputExtentsName, Builder(nest->getContext()).getDenseI64ArrayAttr(arguments));
  for (auto [operand, input] : llvm::zip_equal(nest->getOperands(), inputArguments(nest))) {
    input.setType(withDynamicAxes(cast<RankedTensorType>(input.getType())));
    operand.setType(input.getType());
  }
}

/// Whether fast code knows a constant: a factor of lanes is the step from one to the next, to divide by what is known
/// is to multiply or to shift, and of a known power half of the code vanishes.
static bool steersCode(arith::ConstantOp constant, const LaneSteps &lanes) {
  return llvm::any_of(constant->getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<arith::MulIOp>(user))
      return lanes.contains(user->getOperand(1 - use.getOperandNumber()));
    return use.getOperandNumber() == 1 &&
           isa<arith::DivUIOp, arith::RemUIOp, arith::RemSIOp, arith::FloorDivSIOp, arith::DivFOp, math::PowFOp>(user);
  });
}

/// A constant as an argument: an index, or the bits of a floating-point number as f64. None for what vanishes from code
/// (0 and factors of 1 and -1) and for other types.
static std::optional<int64_t> asArgument(arith::ConstantOp constant) {
  if (auto index = dyn_cast<IntegerAttr>(constant.getValue()); index && index.getType().isIndex())
    return index.getInt() == 0 ? std::nullopt : std::optional(index.getInt());
  auto number = dyn_cast<FloatAttr>(constant.getValue());
  double value = number ? number.getValueAsDouble() : 0;
  return value == 0 || value == 1 || value == -1 ? std::nullopt : std::optional(llvm::bit_cast<int64_t>(value));
}

static void abstractConstants(KernelSource &source) {
  bool isFast = !isReference(source.nest), hasLanes = InnerLoop::of(source.nest).lanes > 1;
  LaneSteps lanes = isFast && hasLanes ? laneSteps(source.nest) : LaneSteps();
  Builder builder(source.nest->getContext());
  size_t first = source.numbers.size();
  source.nest->walk([&](arith::ConstantOp constant) {
    std::optional<int64_t> number = asArgument(constant);
    if (!number || (isFast && steersCode(constant, lanes)))
      return;
    constant->setAttr(isArgumentAttr, builder.getI64IntegerAttr(argumentOf(source, *number, first)));
    constant.setValueAttr(builder.getZeroAttr(constant.getType()));
  });
}

static void abstractAll(KernelSource &source) {
  Operation *nest = source.nest;
  SmallVector<int64_t> extents(extentsOf(nest));
  source.numbers = extents;
  source.numbers.push_back(source.rowsPerItem);
  abstractInputs(source);
  abstractConstants(source);
  setExtents(nest, SmallVector<int64_t>(extents.size(), ShapedType::kDynamic));
  for (OpResult result : nest->getResults())
    result.setType(withDynamicAxes(cast<RankedTensorType>(result.getType())));
}

/// Streams of random numbers differ from call to call: they become arguments, and
/// the attribute says which one.
static void abstractStreams(KernelSource &source) {
  size_t first = source.numbers.size();
  source.nest->walk([&](graph::PointRandomOp random) {
    random.setStream(argumentOf(source, random.getStream(), first));
  });
}

void kernel::abstractNumbers(KernelSource &source) {
  if (isa<fused::MapOp, fused::ReduceOp>(source.nest)) {
    abstractAll(source);
  } else {
    abstractLeadingExtent(source);
    abstractInputExtents(source.nest);
  }
  abstractStreams(source);
}

//===----------------------------------------------------------------------===//
// Read in the kernel
//===----------------------------------------------------------------------===//

/// The argument that is the first number.
static unsigned firstNumber(Operation *nest) { return nest->getNumOperands() + nest->getNumResults(); }

Value kernel::extentOf(KernelFunction &kernel, Operation *nest, int64_t axis) {
  return kernel.integer(firstNumber(nest) + axis);
}

Value kernel::rowsPerItemOf(KernelFunction &kernel, Operation *nest) {
  return kernel.integer(firstNumber(nest) + extentsOf(nest).size());
}

PointInputs kernel::inputsOf(KernelFunction &kernel, Operation *nest, unsigned first) {
  PointInputs inputs;
  inputs.firstExtent = firstNumber(nest);
  auto numbers = nest->getAttrOfType<DenseI64ArrayAttr>(inputExtentsName);
  ArrayRef<int64_t> rest = numbers ? numbers.asArrayRef() : ArrayRef<int64_t>();
  for (unsigned argument = first; argument < nest->getNumOperands(); ++argument) {
    auto type = cast<RankedTensorType>(nest->getOperand(argument).getType());
    SmallVector<Value> extents(type.getRank());
    for (int64_t axis = 1; axis < type.getRank(); ++axis)
      if (type.isDynamicDim(axis)) {
        extents[axis] = kernel.integer(inputs.firstExtent + rest.front());
        rest = rest.drop_front();
      }
    inputs.buffers.push_back(kernel.tensor(argument, type, extents));
  }
  return inputs;
}

/// The extents of a result of a `map` or `reduce`: those of the domain that are not summed over.
static SmallVector<Value> resultExtents(KernelFunction &kernel, OpResult result) {
  Operation *nest = result.getOwner();
  auto reduce = dyn_cast<fused::ReduceOp>(nest);
  Axes axes(nest);
  if (reduce && reduce.hasDomainShape(result))
    axes.kept = llvm::to_vector(llvm::seq<int64_t>(0, extentsOf(nest).size()));
  return llvm::map_to_vector(axes.kept, [&](int64_t axis) { return extentOf(kernel, nest, axis); });
}

SmallVector<Buffer> kernel::resultsOf(KernelFunction &kernel, Operation *nest) {
  SmallVector<Buffer> buffers;
  for (OpResult result : nest->getResults()) {
    auto type = cast<RankedTensorType>(result.getType());
    unsigned argument = nest->getNumOperands() + result.getResultNumber();
    SmallVector<Value> extents(type.getRank());
    if (isa<fused::MapOp, fused::ReduceOp>(nest))
      extents = resultExtents(kernel, result);
    buffers.push_back(kernel.tensor(argument, type, extents));
  }
  return buffers;
}
