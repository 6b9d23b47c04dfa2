//===- MergeLaunches.cpp - Neighbouring elementwise launches become one ---===//

#include "Host/Host.h"
#include "Host/MemoryPlan.h"
#include "Host/Passes.h"

using namespace mlir;

namespace nacre::host {
#define GEN_PASS_DEF_MERGELAUNCHES
#include "Host/Passes.h.inc"

namespace {

struct Range {
  int64_t begin, end;
  bool meets(const Range &other) const { return begin < other.end && other.begin < end; }
};

/// Where a buffer is in all turns of the repeats around.
Range bufferOf(RunOp run, size_t i) {
  Range range{run.getOffsets()[i], run.getOffsets()[i] + run.getSizes()[i]};
  for (auto [depth, repeat] : llvm::enumerate(run.getRepeats())) {
    int64_t way = run.getAdvance(depth, i) * (static_cast<int64_t>(repeat.getSteps()) - 1);
    (way < 0 ? range.begin : range.end) += way;
  }
  return range;
}

/// Whether two buffers stay at the same distance in all turns of the repeats around both; with `still`, where they are.
bool moveAlike(RunOp a, RunOp b, size_t i, bool still) {
  for (size_t depth = 0; depth < a.getRepeats().size(); ++depth)
    if (a.getAdvance(depth, i) != b.getAdvance(depth, i) || (still && a.getAdvance(depth, i) != 0))
      return false;
  return true;
}

bool isWritten(RunOp run, size_t i) { return i >= run.getOffsets().size() - run.getWrites(); }

/// Whether it matters which of the two runs comes first.
bool depend(RunOp a, RunOp b) {
  for (size_t i = 0; i < a.getOffsets().size(); ++i)
    for (size_t j = 0; j < b.getOffsets().size(); ++j)
      if ((isWritten(a, i) || isWritten(b, j)) && bufferOf(a, i).meets(bufferOf(b, j)))
        return true;
  return false;
}

/// Indices from the beginning of `a` to that of `b`, if every indexed buffer of `b` follows that of `a`: padding may
/// lie between, as much everywhere and their own. What all indices read must be the same in both. A slice is not its
/// padding's owner: behind it lies the next one.
std::optional<int64_t> distance(RunOp a, RunOp b, ArrayRef<int64_t> uniform) {
  std::optional<int64_t> distance;
  for (size_t i = 0; i < a.getOffsets().size(); ++i) {
    int64_t delta = b.getOffsets()[i] - a.getOffsets()[i], stride = a.getStrides()[i];
    bool isUniform = llvm::is_contained(uniform, i);
    if (!moveAlike(a, b, i, /*still=*/!isUniform) || (isUniform && delta != 0))
      return std::nullopt;
    if (isUniform)
      continue;
    if (stride == 0 || stride != b.getStrides()[i] || delta != alignUp(a.getSizes()[i]) || delta % stride != 0)
      return std::nullopt;
    if (distance && *distance != delta / stride)
      return std::nullopt;
    distance = delta / stride;
  }
  return distance;
}

/// The extent of the two together becomes that of `a`, in the place of `b`.
void merge(RunOp a, RunOp b, int64_t distance) {
  assert(a.getExtents().size() >= 2 && "a kernel that can be merged takes its indices and how many an item has");
  OpBuilder builder(b);
  SmallVector<int64_t> extents(a.getExtents()), sizes(a.getSizes());
  extents[0] = distance + b.getExtents()[0];
  int64_t items = (extents[0] + extents[1] - 1) / extents[1];
  for (auto [i, size] : llvm::enumerate(sizes))
    if (b.getOffsets()[i] != a.getOffsets()[i])
      size = b.getOffsets()[i] + b.getSizes()[i] - a.getOffsets()[i];
  APFloat flops = a.getFlops() + b.getFlops(), bytes = a.getBytes() + b.getBytes();
  RunOp::create(builder, a.getLoc(), a.getKernel(), a.getOffsets(), a.getAdvance(), sizes, a.getStrides(),
                a.getWrites(), extents, items, a.getScratch(), flops, bytes, a.getLabel());
  a.erase();
  b.erase();
}

class MergeLaunches : public impl::MergeLaunchesBase<MergeLaunches> {
  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Operation *op) {
      if (isa<EntryOp, RepeatOp>(op))
        blocks.push_back(&op->getRegion(0).front());
    });
    for (Block *block : blocks)
      mergeAll(*block);
  }

  /// From the last run to the first, so that all which follow one are one already.
  void mergeAll(Block &block) {
    SmallVector<RunOp> runs(block.getOps<RunOp>());
    for (RunOp run : llvm::reverse(runs))
      if (std::optional<ArrayRef<int64_t>> uniform = uniformInputs(run))
        merged += mergeWithLater(run, *uniform);
  }

  /// Inputs of the run that all indices read, if its kernel promises that runs of it can be merged.
  std::optional<ArrayRef<int64_t>> uniformInputs(RunOp run) {
    Operation *kernel = SymbolTable::lookupSymbolIn(getOperation(), run.getKernel());
    auto uniform = kernel ? kernel->getAttrOfType<DenseI64ArrayAttr>("nacre.uniform") : DenseI64ArrayAttr();
    return uniform ? std::optional(uniform.asArrayRef()) : std::nullopt;
  }

  /// The earlier run moves down to the later one: nothing on the way may care, and no repeat may lie there.
  bool mergeWithLater(RunOp first, ArrayRef<int64_t> uniform) {
    for (Operation *next = first->getNextNode(); next; next = next->getNextNode()) {
      auto later = dyn_cast<RunOp>(next);
      if (!later || depend(first, later))
        return false;
      if (later.getKernel() != first.getKernel() || later.getExtents().drop_front() != first.getExtents().drop_front())
        continue;
      if (std::optional<int64_t> apart = distance(first, later, uniform)) {
        merge(first, later, *apart);
        return true;
      }
    }
    return false;
  }
};

} // namespace
} // namespace nacre::host
