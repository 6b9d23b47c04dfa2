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

/// What a kernel promises that can be launched on neighbouring buffers at once (see `merge-launches`).
struct Mergeable {
  int64_t grain;
  ArrayRef<int64_t> uniform; ///< Inputs that all indices read.
};

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
void merge(RunOp a, RunOp b, int64_t distance, int64_t grain) {
  OpBuilder builder(b);
  int64_t extent = distance + b.getExtents().front();
  SmallVector<int64_t> sizes(a.getSizes());
  for (auto [i, size] : llvm::enumerate(sizes))
    if (b.getOffsets()[i] != a.getOffsets()[i])
      size = b.getOffsets()[i] + b.getSizes()[i] - a.getOffsets()[i];
  APFloat flops = a.getFlops() + b.getFlops(), bytes = a.getBytes() + b.getBytes();
  RunOp::create(builder, a.getLoc(), a.getKernel(), a.getOffsets(), a.getAdvance(), sizes, a.getStrides(),
                a.getWrites(), ArrayRef<int64_t>{extent}, (extent + grain - 1) / grain, a.getScratch(), flops, bytes,
                a.getLabel());
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
      while (mergeOne(*block))
        ++merged;
  }

  /// What the run's kernel promises; none if runs of it cannot be merged.
  std::optional<Mergeable> mergeable(RunOp run) {
    Operation *kernel = SymbolTable::lookupSymbolIn(getOperation(), run.getKernel());
    auto grain = kernel ? kernel->getAttrOfType<IntegerAttr>("nacre.grain") : IntegerAttr();
    auto uniform = kernel ? kernel->getAttrOfType<DenseI64ArrayAttr>("nacre.uniform") : DenseI64ArrayAttr();
    if (!grain || !uniform || run.getExtents().size() != 1)
      return std::nullopt;
    return Mergeable{grain.getInt(), uniform.asArrayRef()};
  }

  /// Merges the first run that can be with a later one that continues it.
  bool mergeOne(Block &block) {
    for (RunOp run : block.getOps<RunOp>())
      if (std::optional<Mergeable> promise = mergeable(run))
        if (mergeWithLater(run, *promise))
          return true;
    return false;
  }

  /// The earlier run moves down to the later one: nothing on the way may care, and no repeat may lie there.
  bool mergeWithLater(RunOp first, const Mergeable &promise) {
    for (Operation *next = first->getNextNode(); next; next = next->getNextNode()) {
      auto later = dyn_cast<RunOp>(next);
      if (!later || depend(first, later))
        return false;
      if (later.getKernel() != first.getKernel())
        continue;
      if (std::optional<int64_t> apart = distance(first, later, promise.uniform)) {
        merge(first, later, *apart, promise.grain);
        return true;
      }
    }
    return false;
  }
};

} // namespace
} // namespace nacre::host
