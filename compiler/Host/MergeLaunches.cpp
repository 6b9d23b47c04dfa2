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

Range bufferOf(RunOp run, size_t i) { return {run.getOffsets()[i], run.getOffsets()[i] + run.getSizes()[i]}; }

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
/// lie between, as much everywhere and their own. What all indices read must be the same in both.
std::optional<int64_t> distance(RunOp a, RunOp b, ArrayRef<int64_t> uniform) {
  std::optional<int64_t> distance;
  for (size_t i = 0; i < a.getOffsets().size(); ++i) {
    int64_t delta = b.getOffsets()[i] - a.getOffsets()[i], stride = a.getStrides()[i];
    if (llvm::is_contained(uniform, i)) {
      if (delta != 0)
        return std::nullopt;
      continue;
    }
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
  RunOp::create(builder, a.getLoc(), a.getKernel(), a.getOffsets(), sizes, a.getStrides(), a.getWrites(), ArrayRef<int64_t>{extent},
                (extent + grain - 1) / grain, a.getScratch(), flops, bytes, a.getLabel());
  a.erase();
  b.erase();
}

class MergeLaunches : public impl::MergeLaunchesBase<MergeLaunches> {
  void runOnOperation() override {
    for (EntryOp entry : getOperation().getOps<EntryOp>())
      while (mergeOne(entry))
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
  bool mergeOne(EntryOp entry) {
    SmallVector<RunOp> runs(entry.getBody().getOps<RunOp>());
    for (size_t i = 0; i < runs.size(); ++i)
      if (std::optional<Mergeable> promise = mergeable(runs[i]))
        if (mergeWithLater(ArrayRef(runs).drop_front(i), *promise))
          return true;
    return false;
  }

  bool mergeWithLater(ArrayRef<RunOp> runs, const Mergeable &promise) {
    RunOp first = runs.front();
    for (RunOp later : runs.drop_front()) {
      // The earlier run moves down to the later one: nothing on the way may care.
      if (depend(first, later))
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
