//===- SplitScans.cpp - Loops of which only every k-th step is kept -------===//

#include "Grad/Passes.h"
#include "Graph/Scan.h"
#include "Graph/Term.h"
#include "mlir/IR/IRMapping.h"

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
    SmallVector<Value> results(chunks->getResults());
    if (chunked < steps)
      addRest(results);
    scan->replaceAllUsesWith(results);
    scan.erase();
  }

private:
  /// The times from the `first` turn on, of `count` turns.
  Value timesOf(Value stack, int64_t first, int64_t count) {
    if (count == steps)
      return stack;
    Term term(builder, scan.getLoc(), stack);
    int64_t size = term.shape()[0] / steps, begin = scan.getReverse() ? steps - first - count : first;
    SmallVector<int64_t> start(term.rank(), 0), limit(term.shape()), stride(term.rank(), 1);
    start[0] = begin * size;
    limit[0] = (begin + count) * size;
    return term.slice(start, limit, stride);
  }

  SmallVector<Value> sequences(int64_t first, int64_t count) {
    return llvm::map_to_vector(scan.getSequences(), [&](Value stack) { return timesOf(stack, first, count); });
  }

  /// A loop over the original body.
  ScanOp loop(OpBuilder &at, ValueRange inits, ValueRange sequences, ValueRange invariants, int64_t count) {
    SmallVector<Type> types(scan.getFinals().getTypes());
    for (Type stack : scan.getStacks().getTypes())
      types.push_back(stackType(sliceType(stack, steps), count));
    auto loop = ScanOp::create(at, scan.getLoc(), types, scan.getBody(), inits, sequences, invariants, count,
                               scan.getReverse());
    loop.setAgain(true);
    return loop;
  }

  ScanOp runChunks() {
    int64_t count = steps / keep;
    ScanBuilder outer(body, (body.getName() + "_chunk").str(), count);
    Ports ports = nacre::graph::argumentsOf(body);
    size_t port = 0;
    SmallVector<Value> inits, slices, invariants;
    for (Value init : scan.getInits())
      inits.push_back(outer.addCarry(init, ports[port++].name));
    for (Value sequence : sequences(0, chunked))
      slices.push_back(outer.addSequence(sequence, ports[port++].name));
    for (Value value : scan.getInvariants())
      invariants.push_back(outer.addInvariant(value, ports[port++].name));
    OpBuilder inside = outer.atEnd();
    ScanOp inner = loop(inside, inits, slices, invariants, keep);
    return outer.create(builder, scan.getLoc(), SmallVector<Value>(inner.getFinals()),
                        SmallVector<Value>(inner.getStacks()), scan.getReverse());
  }

  /// Goes on from the results of the chunks.
  void addRest(SmallVector<Value> &results) {
    size_t carries = scan.getInits().size();
    ScanOp rest = loop(builder, ArrayRef(results).take_front(carries), sequences(chunked, steps - chunked),
                       scan.getInvariants(), steps - chunked);
    llvm::copy(rest.getFinals(), results.begin());
    for (auto [number, stack] : llvm::enumerate(rest.getStacks())) {
      Value &all = results[carries + number];
      SmallVector<Value> parts = {all, stack};
      if (scan.getReverse())
        std::swap(parts[0], parts[1]);
      all = ConcatOp::create(builder, scan.getLoc(), scan.getStacks()[number].getType(), parts, 0);
    }
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
