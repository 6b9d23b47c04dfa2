//===- ReduceTemplate.cpp - Loops of a reduction --------------------------===//
//
// Kept axes outside, reduced axes inside. Where the innermost axis in memory is
// kept, vectors of results are accumulated side by side; where it is reduced,
// the lanes are partial results and are combined at the end. Every reduced loop
// starts from the identity and is added to the loop around it as a whole, so that
// rounding errors grow with the number of loops and their length, not with their
// product. Results that have the shape of the domain (`each`) are stored on the way.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Accumulate.h"
#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Pieces.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class ReduceEmitter {
public:
  ReduceEmitter(KernelFunction &kernel, fused::ReduceOp reduce)
      : kernel(kernel), nest(kernel.loops()), reduce(reduce), axes(reduce), inner(InnerLoop::of(reduce)),
        inputs(inputsOf(kernel, reduce)), accumulation(nest.getLoc(), reduce), indices(extentsOf(reduce).size()) {
    for (auto [result, buffer] : llvm::zip_equal(reduce.getResults(), resultsOf(kernel, reduce)))
      (reduce.hasDomainShape(result) ? stored : combined).push_back(buffer);
  }

  void run() {
    Value item = nest.open(kernel.begin(), kernel.end());
    if (axes.kept.empty()) {
      emitResult(1);
    } else {
      IndexMath math = nest.math();
      Value rows = rowsPerItemOf(kernel, reduce), first = math.mul(item, rows);
      emitKept(loopOrder(), first, math.min(math.add(first, rows), extent(axes.kept[0])));
    }
    nest.close();
  }

private:
  Value extent(int64_t axis) { return extentOf(kernel, reduce, axis); }

  /// The kept axes, outermost loop first: in the order of memory, so that inputs are read line by line. Where lanes of
  /// a result do not lie side by side, the loop over vectors is outermost, and the others follow the result: what is
  /// written to a line is then written at once.
  SmallVector<int64_t> loopOrder() {
    SmallVector<int64_t> order(axes.kept);
    if (!axes.keepsInnermost() || combined.empty() || combined[0].strides.back() == 1)
      return order;
    auto result = llvm::find_if(reduce.getResults(), [&](OpResult other) { return !reduce.hasDomainShape(other); });
    SmallVector<int64_t> layout = fused::layoutOf(cast<RankedTensorType>((*result).getType()));
    auto placeOf = [&](int64_t axis) { return llvm::find(layout, llvm::find(axes.kept, axis) - axes.kept.begin()); };
    std::rotate(order.begin(), order.end() - 1, order.end());
    llvm::sort(MutableArrayRef(order).drop_front(), [&](int64_t a, int64_t b) { return placeOf(a) < placeOf(b); });
    return order;
  }

  /// Loops over `order`; of the first kept axis from `first` to `last`.
  void emitKept(ArrayRef<int64_t> order, Value first, Value last, Width width = 1) {
    if (order.empty())
      return emitResult(width);
    int64_t axis = order.front();
    bool isCut = axis == axes.kept.front();
    Value lower = isCut ? first : nest.math().constant(0), upper = isCut ? last : extent(axis);
    if (axis == axes.kept.back() && axes.keepsInnermost())
      return overPieces(lower, upper, /*isWhole=*/!isCut, [&](Value from, Value to) {
        forVectors(kernel, from, to, inner.lanes, inner.runs[piece], [&](Value index, Width vector) {
          indices[axis] = Lanes{index, nest.depth(), vector.lanes > 1};
          emitKept(order.drop_front(), first, last, vector);
        });
      });
    Value index = nest.open(lower, upper);
    indices[axis] = Lanes{index, nest.depth()};
    emitKept(order.drop_front(), first, last, width);
    nest.close();
  }

  /// The pieces of the innermost axis.
  void overPieces(Value lower, Value upper, bool isWhole, function_ref<void(Value, Value)> body) {
    forPieces(kernel, reduce.getBody(), inputs, domainArguments(reduce).back(), nest.math().constant(0), lower, upper,
              isWhole, [&](unsigned number, Value from, Value to) {
                piece = number;
                body(from, to);
              });
  }

  /// The results at one index of the kept axes, or at `width` of them.
  void emitResult(Width width) {
    SmallVector<Value> shifts;
    LaneMath math(kernel, width);
    if (accumulation.needsShift()) {
      piece = axes.keepsInnermost() ? piece : 0; // that of the first element
      for (int64_t axis : axes.reduced)
        indices[axis] = Lanes{nest.math(0).constant(0)};
      for (const Lanes &value : valuesHere(math).combined)
        shifts.push_back(math.whole(value));
    }
    shiftLevel = nest.depth();
    Accumulators sums = emitReduced(0, width, shifts);
    if (width.lanes == 1)
      sums = accumulation.acrossLanes(nest.here(), sums);
    SmallVector<Lanes> at = llvm::map_to_vector(axes.kept, [&](int64_t axis) { return indices[axis]; });
    Accumulators finished = accumulation.finish(nest.here(), sums, shifts, count());
    for (auto [result, value] : llvm::zip_equal(combined, finished))
      math.store(result, at, Lanes{value, nest.depth(), 0, width.lanes > 1});
  }

  /// Number of values in one result.
  Value count() {
    IndexMath math = nest.math(0);
    Value product = math.constant(1);
    for (int64_t axis : axes.reduced)
      product = math.mul(product, extent(axis));
    return product;
  }

  /// Everything in the reduced axes from `place` on.
  Accumulators emitReduced(size_t place, Width width, ValueRange shifts) {
    if (place == axes.reduced.size())
      return addPoint(accumulation.identities(nest.here(), width.lanes), width, shifts);
    int64_t axis = axes.reduced[place];
    if (place + 1 == axes.reduced.size())
      return emitLast(axis, width, shifts);
    Value index =
        nest.open(nest.math().constant(0), extent(axis), 1, accumulation.identities(nest.here(), lanesOfSums(width)));
    indices[axis] = Lanes{index, nest.depth()};
    return closeSum(emitReduced(place + 1, width, shifts));
  }

  unsigned lanesOfSums(Width width) const { return axes.keepsInnermost() ? width.lanes : inner.lanes; }

  /// Ends a loop that carries sums, to which these are added.
  Accumulators closeSum(ValueRange sums) {
    SmallVector<Value> carried(nest.carried());
    return llvm::to_vector_of<Value>(nest.close(accumulation.merge(nest.here(), carried, sums)));
  }

  /// The innermost reduced axis; if its axis is that of the lanes, piece by piece.
  Accumulators emitLast(int64_t axis, Width width, ValueRange shifts) {
    Value zero = nest.math().constant(0);
    if (axes.keepsInnermost())
      return emitStrips(axis, zero, extent(axis), width, shifts);
    Accumulators sums;
    overPieces(zero, extent(axis), /*isWhole=*/true, [&](Value lower, Value upper) {
      Accumulators more = emitStrips(axis, lower, upper, width, shifts);
      sums = sums.empty() ? more : accumulation.merge(nest.here(), sums, more);
    });
    return sums;
  }

  /// The part of an axis from `lower` to `upper`, in strips if that is long.
  Accumulators emitStrips(int64_t axis, Value lower, Value upper, Width width, ValueRange shifts) {
    if (!inner.isInStrips)
      return emitInnermost(axis, lower, upper, width, shifts);
    // Each lane sums as many elements.
    int64_t strip = stripLength * (axes.keepsInnermost() ? 1 : inner.lanes);
    Value index = nest.open(lower, upper, strip, accumulation.identities(nest.here(), lanesOfSums(width)));
    Value end = nest.math().min(nest.math().add(index, strip), upper);
    return closeSum(emitInnermost(axis, index, end, width, shifts));
  }

  /// One innermost loop; if its axis is that of the lanes, in vectors and then for those that are left.
  Accumulators emitInnermost(int64_t axis, Value lower, Value upper, Width width, ValueRange shifts) {
    if (axes.keepsInnermost()) {
      Value index = nest.open(lower, upper, 1, accumulation.identities(nest.here(), width.lanes));
      indices[axis] = Lanes{index, nest.depth()};
      return llvm::to_vector_of<Value>(nest.close(addPoint(nest.carried(), width, shifts)));
    }
    unsigned lanes = inner.lanes;
    Run run = inner.runs[piece];
    Accumulators sums = accumulation.identities(nest.here(), lanes);
    IndexMath math = nest.math();
    Value rest = !run.hasRest    ? upper
                 : !run.hasWhole ? lower
                                 : math.add(lower, math.roundDown(math.sub(upper, lower), lanes));
    if (run.hasWhole) {
      Value index = nest.open(lower, rest, lanes, sums);
      indices[axis] = Lanes{index, nest.depth(), lanes > 1};
      sums = llvm::to_vector_of<Value>(nest.close(addPoint(nest.carried(), lanes, shifts)));
    }
    if (!run.hasRest)
      return sums;
    Value index = nest.open(rest, upper, lanes, sums);
    indices[axis] = Lanes{index, nest.depth(), lanes > 1};
    Width left = Width::first(nest, nest.math().sub(upper, index), lanes);
    return llvm::to_vector_of<Value>(nest.close(addSome(nest.carried(), left, shifts)));
  }

  /// What the program yields at the current indices: to be combined, and to be stored.
  struct PointValues {
    SmallVector<Lanes> combined, stored;
  };
  PointValues valuesHere(LaneMath &math) {
    PointValues point;
    bool runsThroughRows = axes.keepsInnermost() && !axes.reduced.empty();
    auto row = runsThroughRows ? std::optional<unsigned>(axes.reduced.back()) : std::nullopt;
    auto values = emitProgram(kernel, math, reduce.getBody(), inputs, indices, piece, row);
    for (auto [combine, value] : llvm::zip_equal(reduce.getCombine(), values))
      (fused::Combine(combine) == fused::Combine::Each ? point.stored : point.combined).push_back(value);
    return point;
  }

  /// Takes in the program's values at the current indices and stores those of each index.
  Accumulators addPoint(ValueRange sums, Width width, ValueRange shifts) {
    LaneMath math(kernel, width);
    SmallVector<Value> values, wholeShifts;
    PointValues point = valuesHere(math);
    for (auto [buffer, value] : llvm::zip_equal(stored, point.stored))
      math.store(buffer, indices, value);
    for (const Lanes &value : point.combined)
      values.push_back(math.whole(value));
    for (Value shift : shifts)
      wholeShifts.push_back(math.whole(Lanes{shift, shiftLevel, 0, isa<VectorType>(shift.getType())}));
    return accumulation.add(nest.here(), sums, values, wholeShifts);
  }

  /// The same for lanes of which not all are in use: the others stay as they are.
  Accumulators addSome(ValueRange sums, Width width, ValueRange shifts) {
    Accumulators added = addPoint(sums, width, shifts);
    OpBuilder builder = nest.here();
    for (auto [sum, more] : llvm::zip_equal(sums, added))
      more = arith::SelectOp::create(builder, nest.getLoc(), width.mask, more, sum);
    return added;
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ReduceOp reduce;
  Axes axes;
  InnerLoop inner;
  PointInputs inputs;
  SmallVector<Buffer> combined, stored;
  Accumulation accumulation;
  SmallVector<Lanes> indices;
  unsigned shiftLevel = 0, piece = 0;
};

} // namespace

void kernel::emitReduce(KernelFunction &kernel, fused::ReduceOp reduce) { ReduceEmitter(kernel, reduce).run(); }
