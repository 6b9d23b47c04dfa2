//===- InnerLoop.cpp - The innermost loop of a map or reduce --------------===//

#include "FusedToKernel/InnerLoop.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/KernelSource.h"
#include "FusedToKernel/Pieces.h"
#include "FusedToKernel/Templates.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

static constexpr const char *attributeName = "nacre.inner";

/// Rows of a map are short up to this length.
static constexpr int64_t shortRow = 1024;
/// To cut a loop of so many turns into strips costs next to nothing, even if it is one strip.
static constexpr int64_t manyTurns = 8;
/// Elements of 4 bytes in a line of the cache: a map that transposes takes as many rows at a time, or more.
static constexpr int64_t rowsOfLine = 16;
/// Registers that a vector of accumulators takes: chains that do not wait for each other.
static constexpr unsigned sideBySide = 2;

Axes::Axes(Operation *nest) {
  auto reduce = dyn_cast<fused::ReduceOp>(nest);
  for (int64_t axis = 0, rank = extentsOf(nest).size(); axis < rank; ++axis)
    (reduce && llvm::is_contained(reduce.getAxes(), axis) ? reduced : kept).push_back(axis);
}

//===----------------------------------------------------------------------===//
// In the text of a source
//===----------------------------------------------------------------------===//

void InnerLoop::writeTo(Operation *nest) const {
  Builder builder(nest->getContext());
  NamedAttrList list;
  list.set("lanes", builder.getI64IntegerAttr(lanes));
  auto flag = [&](StringRef name, bool isSet) {
    if (isSet)
      list.set(name, builder.getUnitAttr());
  };
  flag("outside", isOutside);
  flag("strips", isInStrips);
  if (sharers)
    list.set("sharers", builder.getI64IntegerAttr(sharers));
  list.set("runs", builder.getStrArrayAttr(llvm::map_to_vector(runs, [](const Run &run) -> StringRef {
    return run.hasRest ? run.hasWhole ? "any" : "rest" : "whole";
  })));
  nest->setAttr(attributeName, list.getDictionary(nest->getContext()));
}

InnerLoop InnerLoop::of(Operation *nest) {
  auto list = nest->getAttrOfType<DictionaryAttr>(attributeName);
  InnerLoop loop;
  loop.lanes = cast<IntegerAttr>(list.get("lanes")).getInt();
  loop.isOutside = list.contains("outside");
  loop.isInStrips = list.contains("strips");
  if (auto sharers = list.getAs<IntegerAttr>("sharers"))
    loop.sharers = sharers.getInt();
  for (auto run : list.getAs<ArrayAttr>("runs").getAsValueRange<StringAttr>())
    loop.runs.push_back({run != "rest", run != "whole"});
  return loop;
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

/// Extents as far as the innermost loop may depend on them.
static SmallVector<int64_t> knownExtents(Operation *nest) {
  SmallVector<int64_t> known(extentsOf(nest));
  if (isReference(nest))
    known.assign(known.size(), ShapedType::kDynamic);
  if (!known.empty())
    known[0] = ShapedType::kDynamic;
  return known;
}

/// The lengths of the innermost axis' pieces, or its own; unknown ones if items may have parts of them.
static SmallVector<int64_t> innerLengths(Operation *nest, ArrayRef<int64_t> extents) {
  SmallVector<int64_t> lengths = lengthsOf(nest->getRegion(0), domainArguments(nest).back(), extents.back());
  Axes axes(nest);
  bool isInItems = axes.kept.size() == 1 && axes.keepsInnermost() && rowsPerItem(nest) < extents.back();
  if (ShapedType::isDynamic(extents.back()) || (isInItems && lengths.size() > 1))
    lengths.assign(lengths.size(), ShapedType::kDynamic);
  return lengths;
}

/// What vectors of `lanes` indices take of these lengths, and what they leave.
static SmallVector<Run> runsOver(ArrayRef<int64_t> lengths, unsigned lanes) {
  return llvm::map_to_vector(lengths, [&](int64_t length) {
    bool isKnown = ShapedType::isStatic(length);
    return Run{lengths.size() == 1 || !isKnown || length >= lanes, lanes > 1 && (!isKnown || length % lanes != 0)};
  });
}

/// The step of an operation on indices of which some have one; none if it has no step.
static std::optional<int64_t> stepOf(Operation *op, const LaneSteps &steps) {
  SmallVector<int64_t> of;
  for (Value operand : op->getOperands()) {
    auto found = steps.find(operand);
    if (found != steps.end() && !found->second)
      return std::nullopt;
    of.push_back(found == steps.end() ? 0 : *found->second);
  }
  APInt factor;
  if (isa<arith::AddIOp>(op))
    return of[0] + of[1];
  if (isa<arith::SubIOp>(op))
    return of[0] - of[1];
  if (isa<arith::IndexCastOp>(op))
    return of[0];
  if (isa<arith::MulIOp>(op) && of[1] == 0 && matchPattern(op->getOperand(1), m_ConstantInt(&factor)))
    return of[0] * factor.getSExtValue();
  return std::nullopt;
}

LaneSteps kernel::stepsAlong(Region &program, Value index) {
  LaneSteps steps;
  steps[index] = 1;
  program.walk([&](Operation *op) {
    if (op->getNumRegions() == 0 && op->getNumResults() == 1 && !isa<tensor::ExtractOp>(op) &&
        llvm::any_of(op->getOperands(), [&](Value operand) { return steps.contains(operand); }))
      steps[op->getResult(0)] = stepOf(op, steps);
  });
  return steps;
}

LaneSteps kernel::laneSteps(Operation *nest) {
  return extentsOf(nest).empty() ? LaneSteps() : stepsAlong(nest->getRegion(0), domainArguments(nest).back());
}

/// Whether elements lie side by side, or are the same, that a program reads at indices side by side.
static bool readsSideBySide(Operation *nest) {
  LaneSteps steps = laneSteps(nest);
  bool holds = true;
  nest->walk([&](tensor::ExtractOp extract) {
    for (auto [place, index] : llvm::enumerate(extract.getIndices()))
      if (auto found = steps.find(index); found != steps.end()) {
        std::optional<int64_t> step = found->second;
        holds &= step && (*step == 0 || (*step == 1 && place + 1 == extract.getIndices().size()));
      }
  });
  return holds;
}

/// Whether an axis is better taken one by one: shorter than a vector, where elements would have to be gathered.
static bool isShort(Operation *nest, int64_t length, unsigned lanes) {
  return ShapedType::isStatic(length) && length < lanes && !readsSideBySide(nest);
}

/// Whether a program gathers elements of which the next row has the neighbours: it transposes.
static bool readsRowsAsColumns(Operation *nest) {
  ArrayRef<BlockArgument> domain = domainArguments(nest);
  if (domain.size() < 2)
    return false;
  LaneSteps lanes = laneSteps(nest), rows = stepsAlong(nest->getRegion(0), domain[domain.size() - 2]);
  auto result = nest->walk([&](tensor::ExtractOp extract) {
    if (extract.getIndices().empty())
      return WalkResult::advance();
    Value last = extract.getIndices().back();
    auto found = rows.find(last);
    bool gathers = llvm::any_of(extract.getIndices().drop_back(), [&](Value index) { return lanes.contains(index); });
    bool follows = found != rows.end() && found->second == 1 && !lanes.contains(last);
    return gathers && follows ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// Whether more of a program depends on the place in a row alone than on the row alone.
static bool dependsOnPlace(Operation *nest) {
  enum : unsigned { Place = 1, Row = 2 };
  ArrayRef<BlockArgument> domain = domainArguments(nest);
  DenseMap<Value, unsigned> depends = {{domain.back(), Place}, {domain[domain.size() - 2], Row}};
  int64_t count[4] = {};
  nest->getRegion(0).walk([&](Operation *op) {
    if (op->getNumRegions() > 0 || op->getNumResults() != 1)
      return;
    unsigned &on = depends[op->getResult(0)];
    for (Value operand : op->getOperands())
      on |= depends.lookup(operand);
    count[on] += !op->getResult(0).getType().isIndex();
  });
  return count[Place] > count[Row];
}

static InnerLoop chooseForMap(Operation *nest, ArrayRef<int64_t> extents, unsigned lanes) {
  InnerLoop loop;
  if (extents.empty())
    return loop;
  int64_t length = extents.back();
  SmallVector<int64_t> lengths = innerLengths(nest, extents);
  bool transposes = !isReference(nest) && readsRowsAsColumns(nest);
  bool takesPairs = !transposes && ShapedType::isStatic(length) &&
                    (extents.size() == 2 ? length <= shortRow : extents.size() > 2 && dependsOnPlace(nest));
  loop.isOutside = transposes || takesPairs;
  loop.lanes = isShort(nest, length, lanes) ? 1 : takesPairs ? pairOfVectors(lengths, lanes) : lanes;
  loop.runs = runsOver(lengths, loop.lanes);
  return loop;
}

static InnerLoop chooseForReduce(Operation *nest, ArrayRef<int64_t> extents, unsigned lanes) {
  InnerLoop loop;
  if (extents.empty())
    return loop;
  Axes axes(nest);
  int64_t length = extents.back();
  SmallVector<int64_t> lengths = innerLengths(nest, extents);
  bool isLong = llvm::all_of(lengths, [&](int64_t piece) {
    return ShapedType::isDynamic(piece) || piece % (sideBySide * lanes) == 0 || piece >= manyTurns * sideBySide * lanes;
  });
  loop.lanes = isShort(nest, length, lanes) ? 1 : isLong ? sideBySide * lanes : lanes;
  loop.runs = runsOver(lengths, loop.lanes);
  if (!axes.reduced.empty()) {
    int64_t summed = extents[axes.reduced.back()], perTurn = axes.keepsInnermost() ? 1 : loop.lanes;
    loop.isInStrips = ShapedType::isDynamic(summed) || summed >= manyTurns * perTurn;
  }
  return loop;
}

InnerLoop InnerLoop::choose(Operation *nest, const Target &target) {
  if (target.isGpu())
    return chooseForGpu(nest, lanesOf(nest, target));
  SmallVector<int64_t> extents = knownExtents(nest);
  unsigned lanes = lanesOf(nest, target);
  return isa<fused::MapOp>(nest) ? chooseForMap(nest, extents, lanes) : chooseForReduce(nest, extents, lanes);
}

int64_t kernel::rowsPerItem(Operation *nest) {
  Axes axes(nest);
  if (axes.kept.empty())
    return 1;
  // A reduction over the batch has some sixteen terms.
  constexpr int64_t usualBatch = 16;
  int64_t inner = 1;
  for (auto [axis, extent] : llvm::enumerate(extentsOf(nest)))
    if (int64_t(axis) != axes.kept[0])
      inner *= axis == 0 ? usualBatch : extent;
  int64_t rows = std::max<int64_t>(1, elementsPerItem / std::max<int64_t>(inner, 1));
  if (isa<fused::MapOp>(nest) && extentsOf(nest).size() == 2 && readsRowsAsColumns(nest))
    return roundUp(rows, rowsOfLine);
  // Where results are vectors, whole pairs of any type.
  return axes.keepsInnermost() && axes.kept.size() == 1 && isa<fused::ReduceOp>(nest) ? roundUp(rows, 64) : rows;
}
