//===- RecomputeCheap.cpp - Values that are made again, not kept ----------===//
//
// Between the forward and the backward pass most of what a step holds are values
// that wait for their gradients. Some take so little to compute that it is better
// to do so twice: the first convolution of an image with few channels, for one.
//
//===----------------------------------------------------------------------===//

#include "Graph/Ports.h"
#include "GraphToFused/Passes.h"
#include "GraphToFused/StorageChoice.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace nacre;

namespace nacre {
#define GEN_PASS_DEF_RECOMPUTECHEAP
#include "GraphToFused/Passes.h.inc"
} // namespace nacre

/// Shares of a function's traffic or arithmetic: what one value may cost, and all of them.
static constexpr double costOfOne = 0.005, costOfAll = 0.04;
/// Less than this share of all memory is not worth it.
static constexpr double leastGain = 0.01;

namespace {

/// When the values of a function are alive, by the numbers of its operations.
class Lifetimes {
public:
  explicit Lifetimes(Block &block) : block(block) {
    for (Operation &op : block)
      numbers.try_emplace(&op, numbers.size());
    findPeak();
  }

  size_t numberOf(Operation *op) const { return numbers.lookup(block.findAncestorOpInBlock(*op)); }
  size_t lastUse(Value value) const {
    size_t last = 0;
    for (Operation *user : value.getUsers())
      last = std::max(last, numberOf(user));
    return last;
  }
  /// The operation during which most memory is in use, and how much.
  size_t peakStep = 0;
  int64_t peakBytes = 0;

private:
  void findPeak() {
    SmallVector<int64_t> changes(numbers.size() + 1);
    for (Operation &op : block)
      for (Value value : op.getResults()) {
        size_t first = numberOf(&op);
        changes[first] += bytesOf(value);
        changes[std::max(first, lastUse(value)) + 1] -= bytesOf(value);
      }
    int64_t alive = 0;
    for (auto [step, change] : llvm::enumerate(changes))
      if ((alive += change) > peakBytes) {
        peakBytes = alive;
        peakStep = step;
      }
  }

  Block &block;
  DenseMap<Operation *, size_t> numbers;
};

/// A value that is dropped after its last use in front of the peak, and made again where it is next needed.
struct Candidate {
  OpResult value;
  SmallVector<OpOperand *> later; ///< Uses behind the peak.
  Operation *firstLater = nullptr;
  int64_t gain = 0;
  double cost = 0;
};

class Recomputation {
public:
  explicit Recomputation(Block &block) : block(block) {
    for (Operation &op : block) {
      traffic += numberIn(op, "bytes");
      arithmetic += numberIn(op, "flops");
    }
  }

  /// Drops what gains most for its cost, as long as the peak goes down and the cost is small; says how many values.
  unsigned run() {
    unsigned made = 0;
    for (double spent = 0;;) {
      Lifetimes lifetimes(block);
      std::optional<Candidate> best = findBest(lifetimes, costOfAll - spent);
      if (!best)
        return made;
      spent += best->cost;
      made += makeAgain(*best, lifetimes.peakBytes);
    }
  }

private:
  static double numberIn(Operation &op, StringRef attribute) {
    auto number = op.getAttrOfType<IntegerAttr>(attribute);
    return number ? number.getInt() : 0;
  }

  double costOf(Operation &op) const {
    return std::max(numberIn(op, "bytes") / std::max(traffic, 1.0), numberIn(op, "flops") / std::max(arithmetic, 1.0));
  }

  std::optional<Candidate> findBest(const Lifetimes &lifetimes, double budget) const {
    std::optional<Candidate> best;
    for (Operation &op : block) {
      if (lifetimes.numberOf(&op) >= lifetimes.peakStep)
        break;
      if (!op.hasAttr("flops") || op.getNumRegions() == 0 || costOf(op) > std::min(costOfOne, budget))
        continue;
      for (OpResult value : op.getResults())
        if (std::optional<Candidate> found = consider(value, lifetimes))
          if (!best || found->gain * best->cost > best->gain * found->cost)
            best = std::move(found);
    }
    return best;
  }

  std::optional<Candidate> consider(OpResult value, const Lifetimes &lifetimes) const {
    Candidate found;
    found.value = value;
    if (rejected.contains(value) || bytesOf(value) < leastGain * lifetimes.peakBytes)
      return std::nullopt;
    for (OpOperand &use : value.getUses()) {
      Operation *user = block.findAncestorOpInBlock(*use.getOwner());
      size_t number = lifetimes.numberOf(user);
      if (number == lifetimes.peakStep || user == block.getTerminator())
        return std::nullopt;
      if (number < lifetimes.peakStep)
        continue;
      found.later.push_back(&use);
      if (!found.firstLater || user->isBeforeInBlock(found.firstLater))
        found.firstLater = user;
    }
    if (found.later.empty())
      return std::nullopt;
    found.gain = bytesOf(value) - keptFor(*value.getOwner(), lifetimes.numberOf(found.firstLater), lifetimes);
    found.cost = costOf(*value.getOwner());
    return 4 * found.gain >= 3 * bytesOf(value) ? std::optional(found) : std::nullopt;
  }

  /// Bytes of operands that would not be there any more.
  static int64_t keptFor(Operation &op, size_t step, const Lifetimes &lifetimes) {
    int64_t kept = 0;
    for (Value operand : llvm::SmallPtrSet<Value, 8>(op.operand_begin(), op.operand_end()))
      if (operand.getDefiningOp() && lifetimes.lastUse(operand) < step)
        kept += bytesOf(operand);
    return kept;
  }

  /// Whether it was of use; if not, all is as before.
  bool makeAgain(const Candidate &candidate, int64_t peakBytes) {
    OpBuilder builder(candidate.firstLater);
    Operation *copy = builder.clone(*candidate.value.getOwner());
    copy->setAttr("why", builder.getStringAttr("computed again, which takes less than to keep it"));
    Value again = copy->getResult(candidate.value.getResultNumber());
    for (OpOperand *use : candidate.later)
      use->set(again);
    rejected.insert(again);
    if (Lifetimes(block).peakBytes < peakBytes)
      return true;
    again.replaceAllUsesWith(candidate.value);
    copy->erase();
    rejected.insert(candidate.value);
    return false;
  }

  Block &block;
  double traffic = 0, arithmetic = 0;
  DenseSet<Value> rejected;
};

struct RecomputeCheapPass : nacre::impl::RecomputeCheapBase<RecomputeCheapPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isPrivate() && !function.isExternal() && !function->hasAttr(graph::referenceAttr))
        numRecomputed += Recomputation(function.front()).run();
  }
};

} // namespace
