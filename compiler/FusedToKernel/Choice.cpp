//===- Choice.cpp - One load where a program chooses among some -----------===//

#include "FusedToKernel/Choice.h"
#include "FusedToKernel/Borders.h"

#include <numeric>

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

//===----------------------------------------------------------------------===//
// Found
//===----------------------------------------------------------------------===//

namespace {

/// Follows `select`s that ask where one index is.
class ChoiceReader {
public:
  std::optional<Choice> read(Value value) {
    constexpr int64_t far = int64_t(1) << 40;
    if (!visit(value, -far, far) || choice.parts.size() < 2 || !findAxis())
      return std::nullopt;
    return choice;
  }

private:
  /// What a value is where the index is from `low` up to `high`.
  bool visit(Value value, int64_t low, int64_t high) {
    if (auto select = value.getDefiningOp<arith::SelectOp>())
      return visit(select, low, high);
    Operation *conversion = value.getDefiningOp<arith::ExtFOp>();
    auto extract = (conversion ? conversion->getOperand(0) : value).getDefiningOp<tensor::ExtractOp>();
    bool isLikeOthers = choice.parts.empty() || !conversion == !choice.conversion;
    if (!extract || !isa<BlockArgument>(extract.getTensor()) || !isLikeOthers)
      return false;
    choice.conversion = conversion;
    choice.parts.push_back({extract, low, 0});
    ends.push_back(high);
    return true;
  }

  bool visit(arith::SelectOp select, int64_t low, int64_t high) {
    auto compare = select.getCondition().getDefiningOp<arith::CmpIOp>();
    if (!compare || !isOfIndex(compare.getLhs()))
      return false;
    std::optional<Border> border = borderOf(compare, choice.index);
    if (!border)
      return false;
    Value below = select.getFalseValue(), above = select.getTrueValue();
    if (!border->holdsAbove)
      std::swap(below, above);
    return (border->start <= low || visit(below, low, std::min(high, border->start))) &&
           (border->start >= high || visit(above, std::max(low, border->start), high));
  }

  /// Whether a number is the index, plus something; the first one says which index that is.
  bool isOfIndex(Value value) {
    while (isa_and_present<arith::AddIOp, arith::SubIOp>(value.getDefiningOp()))
      value = value.getDefiningOp()->getOperand(0);
    auto argument = dyn_cast<BlockArgument>(value);
    if (!choice.index)
      choice.index = argument;
    return argument && argument == choice.index;
  }

  /// What is added to the index to make a value, whose clamps change nothing from `low` up to `high`.
  std::optional<int64_t> distanceOf(Value value, int64_t low, int64_t high) {
    Operation *op = value.getDefiningOp();
    if (!isa_and_present<arith::MinSIOp, arith::MaxSIOp>(op))
      return distanceFrom(choice.index, value);
    std::optional<int64_t> limit = constantOf(op->getOperand(1)), distance = distanceOf(op->getOperand(0), low, high);
    if (!limit || !distance)
      return std::nullopt;
    bool isIdle = isa<arith::MinSIOp>(op) ? high - 1 + *distance <= *limit : low + *distance >= *limit;
    return isIdle ? distance : std::nullopt;
  }

  /// The axis on which all reads have the index, and its distances; on others they have the same.
  bool findAxis() {
    OperandRange first = choice.parts[0].read.getIndices();
    std::optional<unsigned> axis;
    for (auto [part, end] : llvm::zip_equal(choice.parts, ends)) {
      OperandRange indices = part.read.getIndices();
      if (indices.size() != first.size() || part.read.getType() != choice.parts[0].read.getType())
        return false;
      for (auto [place, index] : llvm::enumerate(indices)) {
        std::optional<int64_t> distance = distanceOf(index, part.from, end);
        if (distance && axis.value_or(place) == place) {
          axis = place;
          part.distance = *distance;
        } else if (distance || index != first[place]) {
          return false;
        }
      }
    }
    choice.axis = axis.value_or(0);
    return axis.has_value();
  }

  Choice choice;
  SmallVector<int64_t> ends; ///< Of the parts.
};

} // namespace

std::optional<Choice> kernel::choiceOf(Value value) { return ChoiceReader().read(value); }

bool Choice::isAligned(int64_t lanes) const {
  for (auto [number, part] : llvm::enumerate(parts)) {
    tensor::ExtractOp read = part.read;
    RankedTensorType type = read.getTensor().getType();
    bool isRow = axis + 1 == type.getRank() && type.getShape().back() % lanes == 0;
    if (!isRow || part.distance % lanes != 0 || (number > 0 && part.from % lanes != 0))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Loaded
//===----------------------------------------------------------------------===//

namespace {

/// Strides of the parts' buffers: along the axis the same one, along others what they have in common times a number of
/// the part.
struct PartStrides {
  int64_t along = 0;
  SmallVector<int64_t> common, ofPart;

  static std::optional<PartStrides> of(const Choice &choice, ArrayRef<Buffer> buffers) {
    PartStrides found;
    found.along = buffers[0].strides[choice.axis];
    for (const Buffer &buffer : buffers) {
      if (llvm::is_contained(buffer.strides, ShapedType::kDynamic) || buffer.strides[choice.axis] != found.along)
        return std::nullopt;
      SmallVector<int64_t> strides(buffer.strides);
      strides[choice.axis] = 0;
      int64_t number = std::reduce(strides.begin(), strides.end(), int64_t(0), std::gcd<int64_t, int64_t>);
      for (int64_t &stride : strides)
        stride /= std::max<int64_t>(1, number);
      if (!found.common.empty() && found.common != strides)
        return std::nullopt;
      found.common = strides;
      found.ofPart.push_back(number);
    }
    return found;
  }
};

} // namespace

std::optional<Lanes> kernel::loadChosen(KernelFunction &kernel, LaneMath &lanes, const Choice &choice,
                                        ArrayRef<Buffer> buffers, ArrayRef<Lanes> indices) {
  const Lanes &index = indices[choice.axis];
  std::optional<PartStrides> strides = PartStrides::of(choice, buffers);
  auto isScalar = [&](const Lanes &other) { return other.isUniform() || (&other == &index && !other.isVector); };
  if (!strides || !llvm::all_of(indices, isScalar) || (index.step != 0 && !choice.isAligned(lanes.getWidth())))
    return std::nullopt;

  LoopNest &nest = kernel.loops();
  IndexMath math = nest.math(index.level);
  SmallVector<Value> isFrom;
  for (const Choice::Part &part : choice.parts)
    isFrom.push_back(arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::sge, index.value,
                                           math.constant(part.from)));
  auto choose = [&](auto valueOf) {
    Value chosen = valueOf(0);
    for (unsigned part = 1; part < isFrom.size(); ++part)
      chosen = math.builder.createOrFold<arith::SelectOp>(math.loc, isFrom[part], valueOf(part), chosen);
    return chosen;
  };
  auto chooseNumber = [&](auto numberOf) {
    auto numbers = llvm::map_to_vector(llvm::seq<unsigned>(0, isFrom.size()), numberOf);
    return llvm::all_equal(numbers) ? math.constant(numbers[0])
                                    : choose([&](unsigned part) { return math.constant(numbers[part]); });
  };
  Value place = choose([&](unsigned part) { return buffers[part].place; });
  Value rows = chooseNumber([&](unsigned part) { return strides->ofPart[part]; });
  Value start = chooseNumber([&](unsigned part) { return choice.parts[part].distance * strides->along; });

  // Where the other indices are is the same in all parts, and need not be computed where the part is chosen.
  Value outer = nest.math(0).constant(0);
  unsigned level = 0;
  for (auto [axis, other] : llvm::enumerate(indices))
    if (axis != choice.axis) {
      level = std::max(level, other.level);
      outer = nest.math(level).add(outer, nest.math(level).mul(other.value, strides->common[axis]));
    }
  level = std::max(level, index.level);
  IndexMath here = nest.math(level);
  Value element = here.add(here.mul(outer, rows), here.add(here.mul(index.value, strides->along), start));
  Buffer chosen = kernel.tensorAt(place, buffers[0].element, level);
  Lanes loaded = lanes.load(chosen, {Lanes{element, level, index.step * strides->along}}, level);
  return choice.conversion ? lanes.apply(choice.conversion, {loaded}) : loaded;
}
