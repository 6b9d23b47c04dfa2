//===- Pieces.cpp - An axis in pieces, each with its own program ----------===//

#include "FusedToKernel/Pieces.h"
#include "Fused/IndexRanges.h"
#include "FusedToKernel/Borders.h"
#include "FusedToKernel/Templates.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// More pieces would be more code than they are worth.
static constexpr size_t mostPieces = 64;
/// Nests with fewer elements take no time that matters, and have one loop.
static constexpr int64_t fewElements = 4096;
/// Among the indices of a convolution's programs.
static constexpr unsigned channelAxis = 1;

//===----------------------------------------------------------------------===//
// Cut
//===----------------------------------------------------------------------===//

/// Where comparisons of an axis with numbers change, ascending.
static SmallVector<int64_t> startsOf(Block &program, BlockArgument axis, int64_t length) {
  llvm::SmallSetVector<int64_t, 4> starts;
  for (auto compare : program.getOps<arith::CmpIOp>()) {
    std::optional<Border> border = borderOf(compare, axis);
    if (border && border->start > 0 && border->start < length)
      starts.insert(border->start);
  }
  SmallVector<int64_t> sorted = starts.takeVector();
  llvm::sort(sorted);
  return sorted;
}

/// Makes one program for each piece of an axis of a domain.
static void cut(Region &region, ArrayRef<int64_t> extents, unsigned axis) {
  Block &whole = region.front();
  BlockArgument index = whole.getArgument(axis);
  SmallVector<int64_t> starts = startsOf(whole, index, extents[axis]);
  if (starts.empty() || starts.size() >= mostPieces)
    return;
  SmallVector<Operation *> original =
      llvm::map_to_vector(whole.without_terminator(), [](Operation &op) { return &op; });
  Operation *yield = whole.getTerminator();
  OpBuilder builder(yield);
  auto constants = llvm::map_to_vector(
      starts, [&](int64_t start) -> Value { return arith::ConstantIndexOp::create(builder, yield->getLoc(), start); });
  auto pieces = fused::PiecesOp::create(builder, yield->getLoc(), yield->getOperandTypes(), index, constants,
                                        unsigned(starts.size() + 1));
  for (auto [number, program] : llvm::enumerate(pieces.getPrograms())) {
    OpBuilder inside = OpBuilder::atBlockEnd(&program.emplaceBlock());
    IRMapping mapping;
    for (Operation *op : original)
      inside.clone(*op, mapping);
    inside.clone(*yield, mapping);
    DenseMap<Value, IndexRange> ranges;
    for (auto [argument, extent] : llvm::zip(whole.getArguments(), extents))
      ranges[argument] = {0, extent - 1};
    ranges[index] = {number == 0 ? 0 : starts[number - 1],
                     (number == starts.size() ? extents[axis] : starts[number]) - 1};
    foldByRanges(program.front(), std::move(ranges));
  }
  yield->setOperands(pieces.getResults());
  for (Operation *op : llvm::reverse(original))
    op->erase();
}

bool kernel::isWorthPieces(Operation *nest) {
  ArrayRef<int64_t> extents = extentsOf(nest);
  if (extents.empty() || isReference(nest))
    return false;
  constexpr int64_t usualBatch = 16;
  int64_t elements = extents.size() == 1 ? extents[0] : usualBatch;
  for (int64_t extent : extents.drop_front())
    elements *= extent;
  return elements >= fewElements;
}

void kernel::cutIntoPieces(Operation *nest) {
  ArrayRef<int64_t> extents = extentsOf(nest);
  if (extents.empty())
    return;
  if (isa<fused::MapOp, fused::ReduceOp>(nest))
    return cut(nest->getRegion(0), extents, extents.size() - 1);
  if (auto conv = dyn_cast<fused::ConvOp>(nest)) {
    cut(conv.getLoad(), extents, channelAxis);
    SmallVector<int64_t> axes = conv.axesOfResults();
    if (llvm::count(axes, channelAxis) == 1 && axes[channelAxis] == channelAxis)
      cut(conv.getStore(), cast<RankedTensorType>(conv.getResult(0).getType()).getShape(), channelAxis);
    return;
  }
  auto dw = cast<fused::ConvDwOp>(nest);
  cut(dw.getLoadX(), extents, channelAxis);
  cut(dw.getLoadY(), dw.getResultExtents(), channelAxis);
}

//===----------------------------------------------------------------------===//
// Read
//===----------------------------------------------------------------------===//

fused::PiecesOp kernel::piecesOf(Region &program) {
  auto pieces = program.front().getOps<fused::PiecesOp>();
  return pieces.empty() ? fused::PiecesOp() : *pieces.begin();
}

Block &kernel::programOf(Region &program, unsigned piece) {
  fused::PiecesOp pieces = piecesOf(program);
  return pieces ? pieces.getPrograms()[piece].front() : program.front();
}

SmallVector<int64_t> kernel::lengthsOf(Region &program, BlockArgument axis, int64_t length) {
  fused::PiecesOp pieces = piecesOf(program);
  if (!pieces || pieces.getIndex() != axis)
    return {length};
  SmallVector<int64_t> lengths;
  int64_t from = 0;
  for (Value start : pieces.getStarts()) {
    lengths.push_back(*constantOf(start) - from);
    from += lengths.back();
  }
  lengths.push_back(ShapedType::isDynamic(length) ? length : length - from);
  return lengths;
}

/// A number of a source in the kernel.
static Value placeOf(KernelFunction &kernel, const PointInputs &inputs, Value start) {
  if (auto argument = start.getDefiningOp()->getAttrOfType<IntegerAttr>(isArgumentAttr))
    return kernel.integer(inputs.firstExtent + argument.getInt());
  return kernel.loops().math(0).constant(*constantOf(start));
}

void kernel::forPieces(KernelFunction &kernel, Region &program, const PointInputs &inputs, BlockArgument axis,
                       Value origin, Value lower, Value upper, bool isWhole,
                       function_ref<void(unsigned, Value, Value)> body) {
  fused::PiecesOp pieces = piecesOf(program);
  if (!pieces || pieces.getIndex() != axis)
    return body(0, lower, upper);
  IndexMath math = kernel.loops().math();
  SmallVector<Value> ends = {lower};
  for (Value start : pieces.getStarts()) {
    Value end = math.sub(placeOf(kernel, inputs, start), origin);
    ends.push_back(isWhole ? end : math.max(ends.back(), math.min(end, upper)));
  }
  ends.push_back(upper);
  for (unsigned piece = 0; piece + 1 < ends.size(); ++piece)
    body(piece, ends[piece], ends[piece + 1]);
}

/// What vectors of `lanes` indices take of a piece, as far as that is known.
static Run runOver(Value lower, Value upper, unsigned lanes) {
  std::optional<int64_t> from = constantOf(lower), to = constantOf(upper);
  return from && to ? Run{*to - *from >= lanes, (*to - *from) % lanes != 0} : Run{true, lanes > 1};
}

void kernel::forChannels(KernelFunction &kernel, Region &program, const PointInputs &inputs, Value origin,
                         int64_t channels, unsigned lanes, function_ref<void(unsigned, Value, Width)> body) {
  IndexMath math = kernel.loops().math();
  Value zero = math.constant(0), end = math.constant(channels);
  if (!piecesOf(program))
    return forLanes(kernel, zero, end, channels, lanes == 1 ? 1 : pairOfVectors(channels, lanes),
                    [&](Value channel, unsigned width) { body(0, channel, width); });
  forPieces(kernel, program, inputs, program.getArgument(channelAxis), origin, zero, end,
            IndexMath::isConstant(origin, 0), [&](unsigned piece, Value lower, Value upper) {
              forVectors(kernel, lower, upper, lanes, runOver(lower, upper, lanes),
                         [&](Value channel, Width width) { body(piece, channel, width); });
            });
}
