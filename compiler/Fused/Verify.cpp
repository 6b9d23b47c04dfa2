//===- Verify.cpp - What holds of a nest ----------------------------------===//

#include "Fused/Fused.h"

using namespace mlir;
using namespace nacre::fused;

/// A region takes `indices` indices, `scalars` scalars, then the nest's inputs, and
/// ends by yielding `yields` scalars.
static LogicalResult verifyPoint(Operation *nest, Region &region, StringRef name, unsigned indices, unsigned scalars,
                                 ValueRange inputs, unsigned yields) {
  Block &block = region.front();
  if (block.getNumArguments() != indices + scalars + inputs.size())
    return nest->emitOpError() << "region '" << name << "' takes " << block.getNumArguments() << " arguments, not "
                               << indices << " indices, " << scalars << " scalars and " << inputs.size() << " inputs";
  for (unsigned i = 0; i < indices; ++i)
    if (!block.getArgument(i).getType().isIndex())
      return nest->emitOpError() << "argument " << i << " of region '" << name << "' is not an index";
  if (!llvm::equal(block.getArguments().take_back(inputs.size()), inputs,
                   [](Value argument, Value input) { return argument.getType() == input.getType(); }))
    return nest->emitOpError() << "region '" << name << "' takes other inputs than the nest";
  if (block.getTerminator()->getNumOperands() != yields)
    return nest->emitOpError() << "region '" << name << "' yields " << block.getTerminator()->getNumOperands()
                               << " values, not " << yields;
  return success();
}

LogicalResult MapOp::verify() {
  for (Type type : getResultTypes())
    if (cast<RankedTensorType>(type).getShape() != getExtents())
      return emitOpError("has a result of another shape than its domain");
  return verifyPoint(*this, getBody(), "body", getExtents().size(), 0, getInputs(), getNumResults());
}

static unsigned numResultsOf(Combine combine) { return combine == Combine::Moments ? 2 : 1; }

Combine ReduceOp::combineOf(OpResult result) {
  unsigned next = 0;
  for (int32_t combine : getCombine())
    if ((next += numResultsOf(Combine(combine))) > result.getResultNumber())
      return Combine(combine);
  llvm_unreachable("more results than are combined");
}

LogicalResult ReduceOp::verify() {
  SmallVector<int64_t> kept;
  for (auto [axis, extent] : llvm::enumerate(getExtents()))
    if (!llvm::is_contained(getAxes(), int64_t(axis)))
      kept.push_back(extent);
  unsigned results = 0;
  for (int32_t combine : getCombine())
    results += numResultsOf(Combine(combine));
  if (results != getNumResults())
    return emitOpError() << "combines to " << results << " results but has " << getNumResults();
  for (OpResult result : getResults()) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(result.getType()).getShape();
    if (hasDomainShape(result) && shape != getExtents())
      return emitOpError("has a result for each index, of another shape than its domain");
    if (!hasDomainShape(result) && shape != ArrayRef<int64_t>(kept))
      return emitOpError("has a result of another shape than the domain's remaining axes");
  }
  return verifyPoint(*this, getBody(), "body", getExtents().size(), 0, getInputs(), getCombine().size());
}

/// Edges of tiles that there are templates for.
static bool isTile(int64_t outputs) { return outputs == 2 || outputs == 4; }

/// What Winograd's method asks of a convolution.
template <typename Op> static LogicalResult verifyWinograd(Op op) {
  if (op.getWinograd() && !isTile(*op.getWinograd()))
    return op.emitOpError("has no Winograd tile of that size, only 2 and 4");
  if (op.getWinograd() && (llvm::any_of(op.getStride(), [](int64_t stride) { return stride != 1; }) ||
                           llvm::any_of(op.getDilation(), [](int64_t dilation) { return dilation != 1; })))
    return op.emitOpError("has no Winograd tile, as its taps or outputs are not side by side");
  if (op.getWinograd() && winogradBlock(op.getExtents()[1] / op.getGroups()) == 0)
    return op.emitOpError("has no Winograd tile, as 16 does not divide its channels");
  return success();
}

/// Whether the groups divide the channels of both sides, and the weight has those of one.
static bool areGroups(int64_t groups, int64_t C, int64_t K, int64_t channelsOfWeight) {
  return groups > 0 && C % groups == 0 && K % groups == 0 && channelsOfWeight == C / groups;
}

SmallVector<int64_t> ConvOp::axesOfResults() {
  if (getResultAxes())
    return SmallVector<int64_t>(*getResultAxes());
  return getResultRank() == 3 ? SmallVector<int64_t>{0, 1, 3} : SmallVector<int64_t>{0, 1, 2, 3};
}

/// The axes of results count all images and output channels.
static LogicalResult verifyResults(ConvOp op) {
  SmallVector<int64_t> axes = op.axesOfResults();
  if (axes.size() != op.getResultRank() || llvm::any_of(axes, [](int64_t axis) { return axis < 0 || axis > 3; }))
    return op.emitOpError("has results [N, K, P, Q], or [N, K, Q], or says what each of their axes counts");
  int64_t outputs = op.getOutputs(), counts[] = {1, 1, 1, 1};
  for (auto [axis, extent] : llvm::zip_equal(axes, cast<RankedTensorType>(op.getResult(0).getType()).getShape()))
    counts[axis] *= extent;
  bool isDynamic = ShapedType::isDynamic(op.getExtents()[0]);
  if (!llvm::is_contained(axes, 0) || !llvm::is_contained(axes, 1) || counts[1] != outputs ||
      (!isDynamic && counts[0] != op.getExtents()[0]))
    return op.emitOpError() << "has results for " << counts[0] << " images and " << counts[1] << " channels, not "
                            << op.getExtents()[0] << " and " << outputs;
  return success();
}

static bool hasWinogradWeight(ConvOp op) {
  ArrayRef<int64_t> panels = op.getWeightShape();
  int64_t points = (*op.getWinograd() + 2) * (*op.getWinograd() + 2);
  bool isTransformed = panels.size() == 4 && panels[0] == points;
  if (!isTransformed && !(panels.size() == 5 && panels[2] == 3 && panels[3] == 3))
    return false;
  return areGroups(op.getGroups(), op.getExtents()[1], op.getOutputs(), panels[isTransformed ? 2 : 1]) &&
         panels.back() == winogradBlock(op.getOutputs() / op.getGroups());
}

LogicalResult ConvOp::verify() {
  if (getExtents().size() != 4 || getStride().size() != 2 || getLow().size() != 2 || getHigh().size() != 2 ||
      getDilation().size() != 2)
    return emitOpError("takes four extents and two spatial axes");
  auto isPlain = [](ArrayRef<int64_t> steps) { return llvm::all_of(steps, [](int64_t step) { return step == 1; }); };
  if (getSpread() && (getSpread()->size() != 2 || getWinograd() || !isPlain(getStride()) || !isPlain(getDilation())))
    return emitOpError("spreads its operand apart: on two axes, without stride, dilation and Winograd tile");
  auto weight = cast<RankedTensorType>(getWeight().getType());
  if (!getWinograd() && layoutOf(weight) != SmallVector<int64_t>{2, 3, 1, 0})
    return emitOpError("needs its weight with layout [2, 3, 1, 0]");
  if (!getWinograd() && !areGroups(getGroups(), getExtents()[1], weight.getDimSize(0), weight.getDimSize(1)))
    return emitOpError("needs its weight as [K, C / groups, R, S], for groups that divide C and K");
  if (failed(verifyWinograd(*this)))
    return failure();
  if (getWinograd() && !hasWinogradWeight(*this))
    return emitOpError("has Winograd tiles, and needs its weight as [K / B, C / groups, 3, 3, B], or transformed as "
                       "[points, K / B, C / groups, B]");
  if (failed(verifyPoint(*this, getLoad(), "load", 4, 0, getInputs(), 1)))
    return failure();
  if (failed(verifyResults(*this)))
    return failure();
  return verifyPoint(*this, getStore(), "store", getResultRank(), 1, getInputs(), getNumResults());
}

LogicalResult ConvDwOp::verify() {
  if (getNumResults() != 1 || (getSumType().getRank() != 4 && getSumType().getRank() != 5) ||
      !llvm::is_sorted(layoutOf(getSumType())))
    return emitOpError("has one result, [P, K, C, R, S] or [K, C, R, S], row-major");
  if (failed(verifyWinograd(*this)))
    return failure();
  if (getWinograd() && winogradBlock(getResultExtents()[1] / getGroups()) == 0)
    return emitOpError("has no Winograd tile, as 16 does not divide the channels of y");
  if (!areGroups(getGroups(), getExtents()[1], getResultExtents()[1], getWeightShape()[1]))
    return emitOpError("needs its weight as [K, C / groups, R, S], for groups that divide C and K");
  if (failed(verifyPoint(*this, getLoadX(), "x", 4, 0, getInputs(), 1)))
    return failure();
  return verifyPoint(*this, getLoadY(), "y", 4, 0, getInputs(), 1);
}

LogicalResult PiecesOp::verify() {
  if (getPrograms().size() != getStarts().size() + 1)
    return emitOpError() << "has " << getPrograms().size() << " programs for " << getStarts().size() + 1 << " pieces";
  for (Region &program : getPrograms())
    if (program.front().getTerminator()->getOperandTypes() != getResultTypes())
      return emitOpError("has a program that yields other types");
  return success();
}
