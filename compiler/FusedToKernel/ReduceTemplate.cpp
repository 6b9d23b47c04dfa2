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

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Elements that one accumulator sums before it is added to the next one.
constexpr int64_t stripLength = 64;
/// Registers that a vector of accumulators takes: chains that do not wait for each other.
constexpr unsigned sideBySide = 2;

class ReduceEmitter {
public:
  ReduceEmitter(KernelFunction &kernel, fused::ReduceOp reduce)
      : kernel(kernel), nest(kernel.loops()), reduce(reduce), extents(reduce.getExtents()),
        inputs(inputsOf(kernel, reduce)), accumulation(nest.getLoc(), reduce), indices(extents.size()) {
    for (auto [result, buffer] : llvm::zip_equal(reduce.getResults(), resultsOf(kernel, reduce)))
      (reduce.hasDomainShape(result) ? stored : combined).push_back(buffer);
    for (int64_t axis = 0; axis < int64_t(extents.size()); ++axis)
      (llvm::is_contained(reduce.getAxes(), axis) ? reduced : kept).push_back(axis);
    keepsInnermost = !kept.empty() && kept.back() == int64_t(extents.size()) - 1;
  }

  Work run() {
    Work work;
    work.inPlace = inPlacePairs(reduce);
    if (kept.empty()) {
      nest.open(kernel.begin(), kernel.end());
      emitResult(1);
      nest.close();
      return work;
    }
    int64_t usualRows = rowsPerItem(), leading = extents[kept[0]];
    if (ShapedType::isDynamic(leading))
      work.rowsPerItem = usualRows;
    else
      work.items = ceilDiv(leading, usualRows);
    Value rows = rowsOf(kernel, reduce, usualRows), last = extent(kept[0]);
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    Value first = math.mul(item, rows);
    emitKept(loopOrder(), first, math.min(math.add(first, rows), last), usualRows);
    nest.close();
    return work;
  }

private:
  /// Indices of the first kept axis in an item.
  int64_t rowsPerItem() const {
    int64_t inner = 1;
    for (int64_t axis = 0; axis < int64_t(extents.size()); ++axis)
      if (axis != kept[0])
        inner *= ShapedType::isDynamic(extents[axis]) ? 16 : extents[axis];
    int64_t rows = std::max<int64_t>(1, elementsPerItem / inner);
    // Where results are vectors, whole ones.
    return keepsInnermost && kept.size() == 1 ? roundUp(rows, 64) : rows;
  }

  Value extent(int64_t axis) { return extentOf(kernel, reduce, axis); }

  /// Lanes for an axis of which `length` indices are run through.
  unsigned lanesFor(int64_t length) const {
    unsigned lanes = lanesOf(reduce, kernel.getTarget());
    if (ShapedType::isStatic(length) && length < lanes)
      return 1;
    bool isLong = ShapedType::isDynamic(length) || length % (sideBySide * lanes) == 0 || length >= 16 * lanes;
    return isLong ? sideBySide * lanes : lanes;
  }

  /// The kept axes, outermost loop first: in the order of memory, so that inputs are read line by line. Where lanes of
  /// a result do not lie side by side, the loop over vectors is outermost, and the others follow the result: what is
  /// written to a line is then written at once.
  SmallVector<int64_t> loopOrder() const {
    SmallVector<int64_t> order(kept);
    if (!keepsInnermost || combined.empty() || combined[0].strides.back() == 1 || isReference(reduce))
      return order;
    auto strideOf = [&](int64_t axis) { return combined[0].strides[llvm::find(kept, axis) - kept.begin()]; };
    std::rotate(order.begin(), order.end() - 1, order.end());
    llvm::sort(MutableArrayRef(order).drop_front(), [&](int64_t a, int64_t b) { return strideOf(a) > strideOf(b); });
    return order;
  }

  /// Loops over `order`; of the first kept axis `first` up to `last`, at most `rows`.
  void emitKept(ArrayRef<int64_t> order, Value first, Value last, int64_t rows, unsigned lanes = 1) {
    if (order.empty())
      return emitResult(lanes);
    int64_t axis = order.front();
    bool isCut = axis == kept.front();
    Value lower = isCut ? first : nest.math().constant(0), upper = isCut ? last : extent(axis);
    if (axis == kept.back() && keepsInnermost) {
      // Of a cut axis every item but the last has `rows` indices.
      int64_t length = !isCut || ShapedType::isDynamic(extents[axis]) || extents[axis] <= rows ? extents[axis]
                       : extents[axis] % rows == 0                                             ? rows
                                                   : ShapedType::kDynamic;
      return forLanes(kernel, lower, upper, length, lanesFor(length), [&](Value index, unsigned width) {
        indices[axis] = Lanes{index, nest.depth(), width > 1};
        emitKept(order.drop_front(), first, last, rows, width);
      });
    }
    Value index = nest.open(lower, upper);
    indices[axis] = Lanes{index, nest.depth()};
    emitKept(order.drop_front(), first, last, rows, lanes);
    nest.close();
  }

  /// The results at one index of the kept axes, or at `lanes` of them.
  void emitResult(unsigned lanes) {
    SmallVector<Value> shifts;
    LaneMath math(kernel, lanes);
    if (accumulation.needsShift()) {
      for (int64_t axis : reduced)
        indices[axis] = Lanes{nest.math(0).constant(0)};
      for (const Lanes &value : valuesHere(math).combined)
        shifts.push_back(math.whole(value));
    }
    shiftLevel = nest.depth();
    Accumulators sums = emitReduced(0, lanes, shifts);
    if (lanes == 1)
      sums = accumulation.acrossLanes(nest.here(), sums);
    SmallVector<Lanes> at = llvm::map_to_vector(kept, [&](int64_t axis) { return indices[axis]; });
    Accumulators finished = accumulation.finish(nest.here(), sums, shifts, count());
    for (auto [result, value] : llvm::zip_equal(combined, finished))
      math.store(result, at, Lanes{value, nest.depth(), 0, lanes > 1});
  }

  /// Number of values in one result.
  Value count() {
    IndexMath math = nest.math(0);
    Value product = math.constant(1);
    for (int64_t axis : reduced)
      product = math.mul(product, extent(axis));
    return product;
  }

  /// Everything in the reduced axes from `place` on.
  Accumulators emitReduced(size_t place, unsigned lanes, ValueRange shifts) {
    if (place == reduced.size())
      return addPoint(accumulation.identities(nest.here(), lanes), lanes, shifts);
    int64_t axis = reduced[place];
    bool isInnermost = place + 1 == reduced.size();
    if (isInnermost && ShapedType::isStatic(extents[axis]) && extents[axis] <= stripLength)
      return emitInnermost(axis, nest.math().constant(0), extent(axis), extents[axis], lanes, shifts);

    unsigned carriedLanes = keepsInnermost ? lanes : lanesFor(extents[reduced.back()]);
    Accumulators start = accumulation.identities(nest.here(), carriedLanes);
    Value index = nest.open(nest.math().constant(0), extent(axis), isInnermost ? stripLength : 1, start);
    Accumulators inner;
    if (isInnermost) {
      Value upper = nest.math().min(nest.math().add(index, stripLength), extent(axis));
      inner = emitInnermost(axis, index, upper, ShapedType::kDynamic, lanes, shifts);
    } else {
      indices[axis] = Lanes{index, nest.depth()};
      inner = emitReduced(place + 1, lanes, shifts);
    }
    SmallVector<Value> carried(nest.carried());
    return llvm::to_vector_of<Value>(nest.close(accumulation.merge(nest.here(), carried, inner)));
  }

  /// One innermost loop; if its axis is that of the lanes, in vectors and then one by one.
  Accumulators emitInnermost(int64_t axis, Value lower, Value upper, int64_t length, unsigned lanes,
                             ValueRange shifts) {
    if (keepsInnermost) {
      Value index = nest.open(lower, upper, 1, accumulation.identities(nest.here(), lanes));
      indices[axis] = Lanes{index, nest.depth()};
      return llvm::to_vector_of<Value>(nest.close(addPoint(nest.carried(), lanes, shifts)));
    }
    unsigned wide = lanesFor(extents[axis]);
    Accumulators sums = accumulation.identities(nest.here(), wide);
    IndexMath math = nest.math();
    Value rest = math.add(lower, math.roundDown(math.sub(upper, lower), wide));
    Value index = nest.open(lower, rest, wide, sums);
    indices[axis] = Lanes{index, nest.depth(), wide > 1};
    sums = llvm::to_vector_of<Value>(nest.close(addPoint(nest.carried(), wide, shifts)));
    if (wide == 1 || (ShapedType::isStatic(length) && length % wide == 0))
      return sums;
    index = nest.open(rest, upper, 1, sums);
    indices[axis] = Lanes{index, nest.depth()};
    return llvm::to_vector_of<Value>(nest.close(addToFirstLane(nest.carried(), shifts)));
  }

  /// What the program yields at the current indices: to be combined, and to be stored.
  struct PointValues {
    SmallVector<Lanes> combined, stored;
  };
  PointValues valuesHere(LaneMath &math) {
    PointValues point;
    auto values = emitProgram(kernel, math, reduce.getBody(), inputs, indices);
    for (auto [combine, value] : llvm::zip_equal(reduce.getCombine(), values))
      (fused::Combine(combine) == fused::Combine::Each ? point.stored : point.combined).push_back(value);
    return point;
  }

  /// Takes in the program's values at the current indices and stores those of each index.
  Accumulators addPoint(ValueRange sums, unsigned lanes, ValueRange shifts) {
    LaneMath math(kernel, lanes);
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

  /// The same for a single element, where the accumulators are vectors.
  Accumulators addToFirstLane(ValueRange sums, ValueRange shifts) {
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    Accumulators firsts = llvm::map_to_vector(
        sums, [&](Value sum) { return Value(vector::ExtractOp::create(builder, loc, sum, int64_t(0))); });
    Accumulators added = addPoint(firsts, 1, shifts), result;
    builder = nest.here();
    for (auto [sum, first] : llvm::zip_equal(sums, added))
      result.push_back(vector::InsertOp::create(builder, loc, first, sum, int64_t(0)));
    return result;
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ReduceOp reduce;
  ArrayRef<int64_t> extents;
  PointInputs inputs;
  SmallVector<Buffer> combined, stored;
  Accumulation accumulation;
  SmallVector<Lanes> indices;
  SmallVector<int64_t> kept, reduced;
  bool keepsInnermost;
  unsigned shiftLevel = 0;
};

} // namespace

Work kernel::emitReduce(KernelFunction &kernel, fused::ReduceOp reduce) { return ReduceEmitter(kernel, reduce).run(); }
