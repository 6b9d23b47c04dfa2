//===- SplitConcats.cpp - Work on the parts, not on what they make ---------===//
//
// The adjoint of slices is a sum of pads: each element of it is computed from all
// parts, of which it has one. Such a sum is a concatenation, and what is computed from
// it on the way to a reduction or a slice is computed part by part.
//
//===----------------------------------------------------------------------===//

#include "Grad/PadSum.h"
#include "Grad/Passes.h"
#include "Graph/Shapes.h"
#include "Graph/Term.h"
#include "llvm/ADT/TypeSwitch.h"

namespace nacre::grad {
#define GEN_PASS_DEF_SPLITCONCATS
#include "Grad/Passes.h.inc"
} // namespace nacre::grad

using namespace mlir;
using namespace nacre::graph;
using nacre::grad::PadSum;

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

static bool isElementwise(Operation *op) { return op->hasTrait<OpTrait::Elementwise>() || isa<ConvertOp>(op); }

/// The elementwise ops on the way to a reduction or a slice, which have less to do if what they read is in parts. A
/// contraction or a loop reads the whole.
static DenseSet<Operation *> findGaining(Block &block) {
  DenseSet<Operation *> gaining;
  for (Operation &op : llvm::reverse(block.without_terminator()))
    if (isElementwise(&op) && llvm::any_of(op.getUsers(), [&](Operation *reader) {
          return isa<ReduceOp, MomentsOp, SliceOp>(reader) || gaining.contains(reader);
        }))
      gaining.insert(&op);
  return gaining;
}

namespace {

/// What lies one after another along an axis.
struct Parts {
  int64_t axis = 0;
  SmallVector<Value> values;

  static std::optional<Parts> of(Value value) {
    auto concat = value.getDefiningOp<ConcatOp>();
    return concat ? std::optional(Parts{int64_t(concat.getAxis()), concat.getOperands()}) : std::nullopt;
  }

  bool isAlike(const Parts &other) const {
    return axis == other.axis && llvm::equal(values, other.values, [](Value part, Value otherPart) {
             return shapeOf(part) == shapeOf(otherPart);
           });
  }
};

/// Values that are had in parts, too.
using InParts = DenseMap<Value, Parts>;

/// Gives what one op makes of parts. The whole stays for readers that gain nothing.
class Splitter {
public:
  Splitter(Operation *op, InParts &inParts) : op(op), builder(op), inParts(inParts) {}

  /// An op element by element is one for each part.
  bool elementwise() {
    auto found = llvm::find_if(op->getOperands(), [&](Value operand) { return inParts.contains(operand); });
    if (found == op->getOperands().end())
      return false;
    Parts like = inParts.lookup(*found), results{like.axis, {}};
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    int64_t start = 0;
    for (Value part : like.values) {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        operands.push_back(partOf(operand, like, results.values.size(), start));
      OperationState state(op->getLoc(), op->getName(), operands, {type.clone(shapeOf(part))}, op->getAttrs());
      results.values.push_back(builder.create(state)->getResult(0));
      start += shapeOf(part)[like.axis];
    }
    inParts[op->getResult(0)] = results;
    return true;
  }

  bool reduce(ReduceOp reduce) { return partsOf(reduce.getX()) && replace({reduced(reduce, reduce.getX())}); }

  bool moments(MomentsOp moments) {
    std::optional<Parts> parts = partsOf(moments.getX());
    if (!parts || llvm::is_contained(moments.getAxes(), parts->axis))
      return false;
    auto [mean, m2] = momentsOf(moments, moments.getX());
    return replace({mean, m2});
  }

  bool slice(SliceOp slice) {
    return partsOf(slice.getX()) &&
           replace({sliced(slice.getX(), slice.getStart(), slice.getLimit(), slice.getStride())});
  }

  /// A concatenation of concatenations is one. If it was a sum of pads, ops on it may be ops on its parts.
  bool concat(ConcatOp op, bool wasSum) {
    Parts results{int64_t(op.getAxis()), {}};
    for (Value operand : op.getOperands())
      if (auto inner = inParts.find(operand); inner != inParts.end() && inner->second.axis == results.axis)
        llvm::append_range(results.values, inner->second.values);
      else
        results.values.push_back(operand);
    if (results.values.size() > op.getOperands().size())
      return replace({concat(results, true)});
    if (wasSum)
      inParts[op] = results;
    return false;
  }

private:
  Term term(Value value) { return Term(builder, op->getLoc(), value); }

  bool replace(ValueRange results) {
    op->replaceAllUsesWith(results);
    op->erase();
    return true;
  }

  std::optional<Parts> partsOf(Value value) {
    auto found = inParts.find(value);
    return found == inParts.end() ? Parts::of(value) : found->second;
  }

  /// Puts parts together; elementwise readers may have them, too, if it is `known` what is in parts.
  Value concat(const Parts &parts, bool known = false) {
    SmallVector<int64_t> shape(shapeOf(parts.values.front()));
    for (Value part : ArrayRef(parts.values).drop_front())
      shape[parts.axis] += shapeOf(part)[parts.axis];
    auto type = cast<RankedTensorType>(parts.values.front().getType()).clone(shape);
    Value result = ConcatOp::create(builder, op->getLoc(), type, parts.values, parts.axis);
    if (known)
      inParts[result] = parts;
    return result;
  }

  /// What a value has where part `number` lies, from `start` on.
  Value partOf(Value value, const Parts &like, int64_t number, int64_t start) {
    auto type = cast<RankedTensorType>(value.getType()).clone(shapeOf(like.values[number]));
    if (std::optional<Parts> parts = partsOf(value); parts && parts->isAlike(like))
      return parts->values[number];
    if (std::optional<double> splat = splatOf(value))
      return ConstantOp::create(builder, op->getLoc(), type, *splat);
    auto broadcast = value.getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return section(term(value), like.axis, start, type.getDimSize(like.axis));
    Term x = term(broadcast.getX());
    for (auto [place, axis] : llvm::enumerate(broadcast.getAxes()))
      if (axis == like.axis)
        x = section(x, place, start, type.getDimSize(axis));
    return x.broadcast(type, broadcast.getAxes());
  }

  Term section(Term x, int64_t axis, int64_t start, int64_t size) {
    SmallVector<int64_t> from(x.rank(), 0), to(x.shape()), by(x.rank(), 1);
    from[axis] = start;
    to[axis] = start + size;
    return term(sliced(x, from, to, by));
  }

  /// Slices the parts that the slice meets, and their parts.
  Value sliced(Value x, ArrayRef<int64_t> from, ArrayRef<int64_t> to, ArrayRef<int64_t> by) {
    std::optional<Parts> parts = partsOf(x);
    if (!parts)
      return term(x).slice(from, to, by);
    Parts results{parts->axis, {}};
    int64_t start = from[results.axis], limit = to[results.axis];
    for (Value part : parts->values) {
      int64_t size = shapeOf(part)[results.axis];
      SmallVector<int64_t> low(from), high(to);
      low[results.axis] = std::max(start, int64_t(0));
      high[results.axis] = std::min(limit, size);
      if (low[results.axis] < high[results.axis])
        results.values.push_back(sliced(part, low, high, by));
      start -= size;
      limit -= size;
    }
    if (results.values.size() == 1)
      return results.values.front();
    // Across parts, strides would have to go on in the middle.
    return by[results.axis] == 1 ? concat(results, inParts.contains(x)) : Value(term(x).slice(from, to, by));
  }

  /// Reduces the parts, and their parts; over the axis along which they lie, the results are combined.
  Value reduced(ReduceOp reduce, Value x) {
    std::optional<Parts> parts = partsOf(x);
    if (!parts)
      return term(x).reduce(reduce.getKind(), reduce.getAxes());
    Parts results{keptAxis(parts->axis, reduce.getAxes()), {}};
    for (Value part : parts->values)
      results.values.push_back(reduced(reduce, part));
    if (!llvm::is_contained(reduce.getAxes(), parts->axis))
      return concat(results);
    Term all = term(results.values.front());
    for (Value result : ArrayRef(results.values).drop_front())
      all = combine(reduce.getKind(), all, result);
    return all;
  }

  static Term combine(ReduceKind kind, Term a, Value b) {
    switch (kind) {
    case ReduceKind::Sum:
      return a.same<AddOp>(b);
    case ReduceKind::Max:
      return a.same<MaxOp>(b);
    case ReduceKind::Min:
      return a.same<MinOp>(b);
    }
    llvm_unreachable("all kinds are above");
  }

  std::pair<Value, Value> momentsOf(MomentsOp moments, Value x) {
    std::optional<Parts> parts = partsOf(x);
    if (!parts || llvm::is_contained(moments.getAxes(), parts->axis)) {
      auto type = cast<RankedTensorType>(x.getType()).clone(withoutAxes(shapeOf(x), moments.getAxes()));
      auto fresh = MomentsOp::create(builder, op->getLoc(), type, type, x, moments.getAxes());
      return {fresh.getMean(), fresh.getM2()};
    }
    Parts means{keptAxis(parts->axis, moments.getAxes()), {}}, squares = means;
    for (Value part : parts->values) {
      auto [mean, m2] = momentsOf(moments, part);
      means.values.push_back(mean);
      squares.values.push_back(m2);
    }
    return {concat(means), concat(squares)};
  }

  /// The number of an axis when others have vanished.
  static int64_t keptAxis(int64_t axis, ArrayRef<int64_t> vanished) {
    return axis - llvm::count_if(vanished, [&](int64_t other) { return other < axis; });
  }

  Operation *op;
  OpBuilder builder;
  InParts &inParts;
};

struct SplitConcats : nacre::grad::impl::SplitConcatsBase<SplitConcats> {
  void runOnOperation() override {
    Block &block = getOperation().front();
    DenseSet<Operation *> sums = joinPads(block), gaining = findGaining(block);
    // What a model puts together itself is not in this table: its layers sweep over all that was before them, and an
    // op for each part of it would be many.
    InParts inParts;
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
      Splitter splitter(&op, inParts);
      split += llvm::TypeSwitch<Operation *, bool>(&op)
                   .Case([&](ReduceOp reduce) { return splitter.reduce(reduce); })
                   .Case([&](MomentsOp moments) { return splitter.moments(moments); })
                   .Case([&](SliceOp slice) { return splitter.slice(slice); })
                   .Case([&](ConcatOp concat) { return splitter.concat(concat, sums.contains(concat)); })
                   .Default([&](Operation *op) { return gaining.contains(op) && splitter.elementwise(); });
    }
  }

private:
  /// Makes concatenations of sums of pads.
  DenseSet<Operation *> joinPads(Block &block) {
    DenseSet<Operation *> concats;
    for (AddOp add : llvm::make_early_inc_range(block.getOps<AddOp>())) {
      if (add->hasOneUse() && isa<AddOp>(*add->user_begin()))
        continue;
      PadSum sum(add);
      if (!sum.isConcat())
        continue;
      OpBuilder builder(add);
      Value result = ConcatOp::create(builder, add.getLoc(), add.getType(), sum.parts(), sum.axis());
      concats.insert(result.getDefiningOp());
      if (Value other = sum.other())
        result = AddOp::create(builder, add.getLoc(), add.getType(), result, other);
      add.replaceAllUsesWith(result);
      add.erase();
      ++joined;
    }
    return concats;
  }
};

} // namespace
