//===- SplitScans.cpp - Loops of which only every k-th step is kept -------===//

#include "Grad/Passes.h"
#include "Graph/Scan.h"

namespace nacre::grad {
#define GEN_PASS_DEF_SPLITSCANS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;

namespace {

/// Cuts one loop of `steps` into `chunks` loops of `keep` steps, which are the body of a loop, and one of the rest.
class ScanSplitter {
public:
  explicit ScanSplitter(ScanOp scan)
      : scan(scan), body(scan.bodyFunction()), builder(scan), steps(scan.getSteps()),
        keep(std::min<int64_t>(scan.getKeep(), steps)), chunked(steps / keep * keep) {}

  void run() {
    ScanOp chunks = runChunks();
    if (chunked == steps) {
      scan->replaceAllUsesWith(chunks);
      scan.erase();
      return;
    }
    ScanOp rest = restOf(builder, scan, chunked, chunks.getFinals());
    rest.setAgain(true);
    replaceByParts(builder, scan, chunks->getResults(), rest);
  }

private:
  ScanOp runChunks() {
    int64_t count = steps / keep;
    ScanBuilder outer(body, (body.getName() + "_chunk").str(), count);
    Ports ports = nacre::graph::argumentsOf(body);
    size_t port = 0;
    SmallVector<Value> inits, slices, invariants;
    for (Value init : scan.getInits())
      inits.push_back(outer.addCarry(init, ports[port++].name));
    for (Value sequence : scan.getSequences())
      slices.push_back(outer.addSequence(turnsOf(builder, scan, sequence, 0, chunked), ports[port++].name));
    for (Value value : scan.getInvariants())
      invariants.push_back(outer.addInvariant(value, ports[port++].name));
    OpBuilder inside = outer.atEnd();
    ScanOp inner = loopLike(inside, scan, inits, slices, invariants, keep);
    inner.setAgain(true);
    return outer.create(builder, scan.getLoc(), SmallVector<Value>(inner.getFinals()),
                        SmallVector<Value>(inner.getStacks()), scan.getReverse());
  }

  ScanOp scan;
  func::FuncOp body;
  OpBuilder builder;
  int64_t steps, keep, chunked;
};

struct SplitScans : nacre::grad::impl::SplitScansBase<SplitScans> {
  void runOnOperation() override {
    for (StringRef name : {"forward_train", "forward_check"})
      if (auto function = getOperation().lookupSymbol<func::FuncOp>(name))
        splitIn(function);
  }

  /// Inner loops first: what is split is copied no more.
  void splitIn(func::FuncOp function) {
    SmallVector<ScanOp> scans(function.getOps<ScanOp>());
    for (ScanOp scan : scans) {
      splitIn(scan.bodyFunction());
      if (scan.getKeep() == 0)
        continue;
      ScanSplitter(scan).run();
      ++split;
    }
  }
};

} // namespace
