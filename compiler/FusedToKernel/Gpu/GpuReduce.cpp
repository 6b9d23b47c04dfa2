//===- GpuReduce.cpp - A reduction on a GPU -------------------------------===//
//
// A cell is a result, or a vector of results side by side. Some threads of a block
// share the terms of a cell; what each has is then combined in pairs through the
// memory that they share. The order depends on the extents alone.
//
// Where lanes are results, threads that follow each other have cells that do so; where
// they are terms, terms.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Accumulate.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/Threads.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class GpuReduceEmitter {
public:
  GpuReduceEmitter(KernelFunction &kernel, fused::ReduceOp reduce)
      : kernel(kernel), nest(kernel.loops()), reduce(reduce), axes(reduce), lanes(InnerLoop::of(reduce).lanes),
        sharers(InnerLoop::of(reduce).sharers), cellsPerBlock(threadsPerBlock / sharers),
        lanesAreResults(axes.keepsInnermost()), inputs(inputsOf(kernel, reduce)), accumulation(nest.getLoc(), reduce),
        indices(extentsOf(reduce).size()) {
    for (auto [result, buffer] : llvm::zip_equal(reduce.getResults(), resultsOf(kernel, reduce)))
      (reduce.hasDomainShape(result) ? stored : combined).push_back(buffer);
  }

  void run() {
    placeThread();
    SmallVector<Value> shifts = emitShifts();
    Accumulators sums = emitTerms(shifts);
    if (!lanesAreResults)
      sums = accumulation.acrossLanes(nest.here(), sums);
    sums = combineSharers(sums);
    ifBelow(nest, nest.math().add(cell, nest.math().mul(share, cells)), cells, [&] { storeResults(sums, shifts); });
  }

private:
  unsigned resultLanes() const { return lanesAreResults ? lanes : 1; }

  /// Extents of some axes, in vectors along that of the lanes.
  SmallVector<Value> extentsIn(ArrayRef<int64_t> some) {
    return llvm::map_to_vector(some, [&](int64_t axis) {
      Value extent = extentOf(kernel, reduce, axis);
      return axis + 1 == int64_t(indices.size()) ? nest.math(0).floorDiv(extent, lanes) : extent;
    });
  }

  Value product(ValueRange extents) {
    IndexMath math = nest.math(0);
    Value result = math.constant(1);
    for (Value extent : extents)
      result = math.mul(result, extent);
    return result;
  }

  void setIndices(ArrayRef<int64_t> some, Value flat, unsigned level) {
    SmallVector<Value> found = indicesOf(nest.math(level), flat, extentsIn(some));
    for (auto [axis, index] : llvm::zip_equal(some, found)) {
      indices[axis] = {index, level};
      if (axis + 1 == int64_t(indices.size()) && lanes > 1)
        indices[axis] = {nest.math(level).mul(index, lanes), level, 1};
    }
  }

  /// Which cell this thread has, and which share of its terms. Threads beyond the last cell have none, but all have to
  /// come to the barriers.
  void placeThread() {
    IndexMath math = nest.math();
    cells = product(extentsIn(axes.kept));
    Value thread = kernel.thread(), step = math.constant(lanesAreResults ? cellsPerBlock : sharers);
    Value quotient = math.floorDiv(thread, step), rest = math.sub(thread, math.mul(quotient, step));
    share = lanesAreResults ? quotient : rest;
    place = lanesAreResults ? rest : quotient;
    cell = math.add(math.mul(kernel.block(), cellsPerBlock), place);
    setIndices(axes.kept, math.min(cell, math.sub(cells, math.constant(1))), 0);
  }

  struct PointValues {
    SmallVector<Lanes> combined, stored;
  };
  PointValues valuesHere(LaneMath &math) {
    PointValues point;
    auto values = emitProgram(kernel, math, reduce.getBody(), inputs, indices, /*piece=*/0);
    for (auto [combine, value] : llvm::zip_equal(reduce.getCombine(), values))
      (fused::Combine(combine) == fused::Combine::Each ? point.stored : point.combined).push_back(value);
    return point;
  }

  /// The first value of each cell, from which moments are counted.
  SmallVector<Value> emitShifts() {
    SmallVector<Value> shifts;
    if (!accumulation.needsShift())
      return shifts;
    for (int64_t axis : axes.reduced)
      indices[axis] = Lanes{nest.math(0).constant(0)};
    LaneMath math(kernel, resultLanes());
    for (const Lanes &value : valuesHere(math).combined)
      shifts.push_back(math.whole(value));
    return shifts;
  }

  /// Every so-manieth term.
  Accumulators emitTerms(ValueRange shifts) {
    OpBuilder outside = nest.at(0);
    Value none = nest.math(0).constant(0);
    Value hasCell = arith::CmpIOp::create(outside, nest.getLoc(), arith::CmpIPredicate::ult, cell, cells);
    Value terms = arith::SelectOp::create(outside, nest.getLoc(), hasCell, product(extentsIn(axes.reduced)), none);
    Value number = nest.open(share, terms, sharers, accumulation.identities(nest.here(), lanes));
    setIndices(axes.reduced, number, nest.depth());
    LaneMath math(kernel, lanes);
    PointValues point = valuesHere(math);
    SmallVector<Value> values, wholeShifts;
    for (const Lanes &value : point.combined)
      values.push_back(math.whole(value));
    for (Value shift : shifts)
      wholeShifts.push_back(math.whole(Lanes{shift, 0, 0, isa<VectorType>(shift.getType())}));
    Accumulators sums = accumulation.add(nest.here(), nest.carried(), values, wholeShifts);
    for (auto [buffer, value] : llvm::zip_equal(stored, point.stored))
      math.store(buffer, indices, value);
    return llvm::to_vector_of<Value>(nest.close(sums));
  }

  /// The sums of all sharers of a cell, by halves. Valid for the first of them.
  Accumulators combineSharers(Accumulators sums) {
    if (sharers == 1)
      return sums;
    SmallVector<Buffer> shared = llvm::map_to_vector(
        sums, [&](Value sum) { return kernel.scratch(threadsPerBlock * resultLanes(), getElementTypeOrSelf(sum)); });
    auto placeOf = [&](Value number) {
      IndexMath outside = nest.math(0);
      Value cellNumber = outside.add(outside.mul(number, cellsPerBlock), place);
      return Lanes{outside.mul(cellNumber, resultLanes()), 0, resultLanes() > 1};
    };
    write(shared, placeOf(share), sums);
    for (unsigned half = sharers / 2; half > 0; half /= 2) {
      kernel.barrier();
      Value limit = nest.math().constant(half);
      ifBelow(nest, share, limit, [&] {
        Accumulators own = read(shared, placeOf(share)), other = read(shared, placeOf(nest.math(0).add(share, limit)));
        write(shared, placeOf(share), accumulation.merge(nest.here(), own, other));
      });
    }
    return read(shared, placeOf(share));
  }

  Accumulators read(ArrayRef<Buffer> shared, Lanes at) {
    LaneMath math(kernel, resultLanes());
    return llvm::map_to_vector(shared,
                               [&](const Buffer &buffer) { return math.load(buffer, {at}, nest.depth()).value; });
  }

  void write(ArrayRef<Buffer> shared, Lanes at, ValueRange sums) {
    LaneMath math(kernel, resultLanes());
    for (auto [buffer, sum] : llvm::zip_equal(shared, sums))
      math.store(buffer, {at}, {sum, nest.depth(), 0, resultLanes() > 1});
  }

  void storeResults(ValueRange sums, ValueRange shifts) {
    LaneMath math(kernel, resultLanes());
    SmallVector<Value> extents =
        llvm::map_to_vector(axes.reduced, [&](int64_t axis) { return extentOf(kernel, reduce, axis); });
    SmallVector<Lanes> at = llvm::map_to_vector(axes.kept, [&](int64_t axis) { return indices[axis]; });
    Accumulators finished = accumulation.finish(nest.here(), sums, shifts, product(extents));
    for (auto [result, value] : llvm::zip_equal(combined, finished))
      math.store(result, at, Lanes{value, nest.depth(), 0, resultLanes() > 1});
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ReduceOp reduce;
  Axes axes;
  unsigned lanes, sharers;
  int64_t cellsPerBlock;
  bool lanesAreResults;
  PointInputs inputs;
  SmallVector<Buffer> combined, stored;
  Accumulation accumulation;
  SmallVector<Lanes> indices;
  Value cells, cell, place, share;
};

} // namespace

void kernel::emitGpuReduce(KernelFunction &kernel, fused::ReduceOp reduce) { GpuReduceEmitter(kernel, reduce).run(); }
