//===- KernelCost.cpp - What a kernel will do to a cache ------------------===//

#include "FusedToKernel/Cpu/KernelCost.h"
#include "FusedToKernel/Cpu/CacheModel.h"
#include "FusedToKernel/Cpu/Footprint.h"
#include "FusedToKernel/Cpu/KernelProgram.h"
#include "FusedToKernel/IndexMath.h"
#include "FusedToKernel/Schedule.h"

using namespace mlir;
using namespace nacre::kernel;

/// A nest that touches no more than this share of the cache is one step.
static constexpr int64_t shareOfStep = 16;
/// Turns of a loop that are run at least, and times that they have to fill the cache before others are left out.
static constexpr int64_t leastTurns = 2, fillings = 1;
/// So much work is enough for one loop: then it is cut short, too. Not those in it: what they leave in the cache
/// counts.
static constexpr int64_t mostWork = 500'000;

namespace {

class Run {
public:
  explicit Run(const KernelProgram &program)
      : program(program), slots(program.getSlots()), cache(cacheBytes(CacheLevel::Second)) {}

  KernelCost run() {
    runBody(program.getBody());
    cost.bytes *= CacheModel::lineBytes;
    return cost;
  }

private:
  using Step = KernelProgram::Step;
  using Loop = KernelProgram::Loop;

  void compute(const Step &step) {
    slots[step.result] = evaluate(step.op, slots[step.operands[0]], slots[step.operands[1]], slots[step.operands[2]]);
  }
  int64_t addressOf(const Step &step) const {
    return slots[step.operands[0]] + slots[step.operands[1]] * step.elementBytes;
  }
  int64_t turnsOf(const Loop &loop) const {
    int64_t step = std::max<int64_t>(1, slots[loop.step]);
    return std::max<int64_t>(0, ceilDiv(slots[loop.upper] - slots[loop.lower], step));
  }

  void runBody(const KernelProgram::Body &body) {
    cost.flops += body.flops;
    for (const Step &step : body.steps) {
      ++steps;
      if (step.kind == Step::Kind::Compute)
        compute(step);
      else if (step.kind == Step::Kind::Access)
        cost.bytes += cache.touch(addressOf(step), step.bytes);
      else if (!runAtOnce(*step.loop))
        runTurns(*step.loop);
    }
  }

  /// `cost.bytes` counts lines until the end.
  void runTurns(const Loop &loop) {
    int64_t turns = turnsOf(loop), first = slots[loop.lower], step = slots[loop.step];
    KernelCost before = cost, half = cost;
    int64_t turnsOfHalf = 0, workBefore = work();
    for (int64_t turn = 0; turn < turns; ++turn) {
      slots[loop.index] = first + turn * step;
      runBody(loop.body);
      int64_t done = turn + 1, left = turns - done - 1;
      if (left <= 0 || !isSettled(done, CacheModel::lineBytes * (cost.bytes - before.bytes), work() - workBefore))
        continue;
      if (turnsOfHalf == 0) { // The first turns found the cache empty: these are not counted with.
        half = cost;
        turnsOfHalf = done;
        before = cost;
      } else {
        double share = double(left) / double(done - turnsOfHalf);
        cost.flops += (cost.flops - half.flops) * share;
        cost.bytes += (cost.bytes - half.bytes) * share;
        turn = turns - 2;
      }
    }
  }

  int64_t work() const { return steps + cache.getTouched(); }
  static bool isSettled(int64_t turns, double bytes, int64_t work) {
    return turns >= leastTurns && (work > mostWork || bytes >= double(fillings * cacheBytes(CacheLevel::Second)));
  }

  /// All turns of a loop, and of those in it, as one step, if they touch little.
  bool runAtOnce(const Loop &loop) {
    if (!loop.isRegular || large.contains(&loop))
      return false;
    footprints.clear();
    around.clear();
    double flops = 0;
    if (turnsOf(loop) == 0)
      return true;
    collect(loop, loop.depth, 1, flops);
    mergeNeighbours(footprints);
    int64_t bytes = 0;
    for (const Footprint &footprint : footprints)
      bytes += footprint.bytes();
    if (bytes > cache.getBytes() / shareOfStep)
      return large.insert(&loop), false;
    for (const Footprint &footprint : footprints)
      footprint.forEach([&](int64_t place) { cost.bytes += cache.touch(place, footprint.length); });
    cost.flops += flops;
    return true;
  }

  /// What the loops from depth `outermost` on touch, from their first turns.
  void collect(const Loop &loop, unsigned outermost, double times, double &flops) {
    int64_t turns = turnsOf(loop);
    if (turns == 0)
      return;
    slots[loop.index] = slots[loop.lower];
    around.push_back({slots[loop.step], turns});
    flops += times * turns * loop.body.flops;
    for (const Step &step : loop.body.steps) {
      ++steps;
      if (step.kind == Step::Kind::Compute)
        compute(step);
      else if (step.kind == Step::Kind::Loop)
        collect(*step.loop, outermost, times * turns, flops);
      else
        addFootprint(step, outermost);
    }
    around.pop_back();
  }

  void addFootprint(const Step &step, unsigned outermost) {
    Footprint footprint{addressOf(step), step.bytes, {}};
    for (auto [depth, loop] : llvm::enumerate(around))
      footprint.loops.push_back({*step.strides[outermost + depth] * loop.stride, loop.count});
    footprint.simplify();
    footprints.push_back(footprint);
  }

  const KernelProgram &program;
  std::vector<int64_t> slots;
  CacheModel cache;
  KernelCost cost;
  int64_t steps = 0;
  llvm::DenseSet<const Loop *> large; ///< Loops that touched more than a step may, when they were first met.
  SmallVector<Footprint> footprints;
  SmallVector<Footprint::Loop> around; ///< The loops of a step: how far an index moves in a turn.
};

} // namespace

KernelCost nacre::kernel::costOf(func::FuncOp kernel, ArrayRef<int64_t> arguments, int64_t items) {
  return Run(KernelProgram(kernel, arguments, items)).run();
}
