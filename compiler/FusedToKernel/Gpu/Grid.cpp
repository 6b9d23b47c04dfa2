//===- Grid.cpp - How maps and reductions lie on a GPU --------------------===//

#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Choice.h"
#include "FusedToKernel/IndexMath.h"
#include "FusedToKernel/KernelSource.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Terms that a thread adds up at least before it meets the others of its result.
static constexpr int64_t termsPerThread = 4;
/// Threads whose accesses fill a line of memory (16 bytes each).
static constexpr int64_t threadsPerLine = 8;

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

/// Whether an index is a multiple of `lanes` wherever that of the innermost axis is.
static bool isMultiple(Value index, Value innermost, int64_t lanes) {
  if (index == innermost)
    return true;
  APInt number;
  if (matchPattern(index, m_ConstantInt(&number)))
    return number.getSExtValue() % lanes == 0;
  Operation *op = index.getDefiningOp();
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op))
    return llvm::all_of(op->getOperands(), [&](Value operand) { return isMultiple(operand, innermost, lanes); });
  if (isa_and_nonnull<arith::MulIOp>(op))
    return llvm::any_of(op->getOperands(), [&](Value operand) { return isMultiple(operand, innermost, lanes); });
  return false;
}

/// Values that a program computes from elements which differ from lane to lane.
static DenseSet<Value> valuesOfLanes(Region &program, const LaneSteps &steps) {
  DenseSet<Value> found;
  program.walk([&](Operation *op) {
    bool isExtract = isa<tensor::ExtractOp>(op);
    bool differs = llvm::any_of(op->getOperands(), [&](Value operand) {
      return found.contains(operand) || (isExtract && steps.contains(operand) && steps.at(operand) != 0);
    });
    if (differs)
      found.insert(op->result_begin(), op->result_end());
  });
  return found;
}

/// Loads of a convolution's program of which one is chosen that is aligned whichever it is.
static DenseSet<Operation *> alignedChoices(Region &program, Value index, int64_t lanes) {
  DenseSet<Operation *> aligned;
  if (isa<fused::ConvOp, fused::ConvDwOp>(program.getParentOp()))
    for (auto select : program.front().getOps<arith::SelectOp>())
      if (std::optional<Choice> choice = choiceOf(select); choice && choice->index == index && choice->isAligned(lanes))
        for (const Choice::Part &part : choice->parts)
          aligned.insert(part.read);
  return aligned;
}

bool kernel::readsAligned(Region &program, Value index, int64_t lanes) {
  DenseSet<Operation *> chosen = alignedChoices(program, index, lanes);
  LaneSteps steps = stepsAlong(program, index);
  DenseSet<Value> ofLanes = valuesOfLanes(program, steps);
  auto isAligned = [&](tensor::ExtractOp extract) {
    if (chosen.contains(extract))
      return true;
    auto type = extract.getTensor().getType();
    for (auto [place, at] : llvm::enumerate(extract.getIndices())) {
      if (ofLanes.contains(at))
        return false;
      auto found = steps.find(at);
      if (found == steps.end() || found->second == 0)
        continue;
      bool isLast = int64_t(place) + 1 == type.getRank();
      if (!isLast || found->second != 1 || type.getShape().back() % lanes != 0 || !isMultiple(at, index, lanes))
        return false;
    }
    return true;
  };
  auto result = program.walk(
      [&](tensor::ExtractOp extract) { return isAligned(extract) ? WalkResult::advance() : WalkResult::interrupt(); });
  return !result.wasInterrupted();
}

/// Whether the lanes of every result lie side by side in memory.
static bool writesSideBySide(Operation *nest) {
  auto reduce = dyn_cast<fused::ReduceOp>(nest);
  Axes axes(nest);
  return llvm::all_of(nest->getResults(), [&](OpResult result) {
    auto type = cast<RankedTensorType>(result.getType());
    bool hasLanes = !reduce || reduce.hasDomainShape(result) || axes.keepsInnermost();
    return !hasLanes || (type.getRank() > 0 && fused::layoutOf(type).back() == type.getRank() - 1);
  });
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

static int64_t product(Operation *nest, ArrayRef<int64_t> axes) {
  int64_t result = 1;
  for (int64_t axis : axes)
    result *= extentsOf(nest)[axis];
  return result;
}

/// Results, or vectors of them where lanes are results; and terms of each.
static std::pair<int64_t, int64_t> cellsAndTerms(Operation *nest, int64_t lanes) {
  Axes axes(nest);
  int64_t cells = product(nest, axes.kept), terms = product(nest, axes.reduced);
  (axes.kept.empty() || !axes.keepsInnermost() ? terms : cells) /= lanes;
  return {cells, terms};
}

/// A power of two: enough threads that no sum is long, but where they take results side by side, few enough that these
/// fill a line.
static unsigned sharersFor(Operation *nest, int64_t lanes) {
  auto [cells, terms] = cellsAndTerms(nest, lanes);
  int64_t most = threadsPerBlock;
  if (Axes(nest).keepsInnermost())
    most /= std::min<int64_t>(threadsPerLine, llvm::PowerOf2Ceil(extentsOf(nest).back() / lanes));
  return llvm::bit_floor(uint64_t(std::clamp<int64_t>(terms / termsPerThread, 1, most)));
}

InnerLoop kernel::chooseForGpu(Operation *nest, unsigned lanes) {
  InnerLoop loop;
  loop.runs = {Run{}};
  ArrayRef<int64_t> extents = extentsOf(nest);
  if (!extents.empty() && extents.back() % lanes == 0 && writesSideBySide(nest) &&
      readsAligned(nest->getRegion(0), domainArguments(nest).back(), lanes))
    loop.lanes = lanes;
  if (isa<fused::ReduceOp>(nest))
    loop.sharers = sharersFor(nest, loop.lanes);
  return loop;
}

int64_t kernel::blocksOf(Operation *nest) {
  InnerLoop loop = InnerLoop::of(nest);
  auto [cells, terms] = cellsAndTerms(nest, loop.lanes);
  return ceilDiv(cells, threadsPerBlock / std::max(1u, loop.sharers));
}

int64_t kernel::rowsPerBlock(Operation *nest) {
  return isa<fused::MapOp>(nest) && extentsOf(nest).size() == 1 ? threadsPerBlock * InnerLoop::of(nest).lanes : 1;
}

bool kernel::readsForOthers(Operation *nest) {
  auto reduce = dyn_cast<fused::ReduceOp>(nest);
  return extentsOf(nest).empty() ||
         (reduce &&
          (Axes(nest).reduced.empty() || llvm::is_contained(reduce.getCombine(), int32_t(fused::Combine::Moments))));
}

//===----------------------------------------------------------------------===//
// Width of indices
//===----------------------------------------------------------------------===//

bool kernel::hasNarrowIndices(Operation *nest) {
  // What is computed on the way to an index, as beyond the last block, is not twice as large.
  constexpr int64_t limit = int64_t(1) << 30;
  auto isSmall = [](Type type) { return cast<RankedTensorType>(type).getNumElements() < limit; };
  bool hasSmallTensors =
      llvm::all_of(nest->getOperandTypes(), isSmall) && llvm::all_of(nest->getResultTypes(), isSmall);
  if (!hasSmallTensors)
    return false;
  if (isa<fused::MapOp, fused::ReduceOp>(nest)) {
    int64_t domain = 1;
    for (int64_t extent : extentsOf(nest))
      domain *= extent;
    if (domain >= limit)
      return false;
  }
  auto found = nest->walk([&](arith::ConstantOp constant) {
    auto index = dyn_cast<IntegerAttr>(constant.getValue());
    bool isLarge = index && index.getType().isIndex() && std::abs(index.getInt()) >= limit;
    return isLarge ? WalkResult::interrupt() : WalkResult::advance();
  });
  return !found.wasInterrupted();
}
