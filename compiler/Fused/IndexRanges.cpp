//===- IndexRanges.cpp - What the extents of a domain tell ----------------===//

#include "Fused/IndexRanges.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre;

namespace {

using Range = IndexRange;

class Folder {
public:
  Folder(Block &program, DenseMap<Value, Range> ranges) : program(program), ranges(std::move(ranges)) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(program.without_terminator())) {
      if (Value same = fold(&op)) {
        op.getResult(0).replaceAllUsesWith(same);
        op.erase();
      } else if (std::optional<Range> range = rangeOf(&op)) {
        ranges[op.getResult(0)] = *range;
      }
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(program)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

private:
  static std::optional<int64_t> constantOf(Value value) {
    APInt constant;
    if (!matchPattern(value, m_ConstantInt(&constant)))
      return std::nullopt;
    return constant.getBitWidth() == 1 ? constant.getZExtValue() : constant.getSExtValue();
  }
  std::optional<Range> rangeOf(Value value) const {
    if (std::optional<int64_t> constant = constantOf(value))
      return Range{*constant, *constant};
    auto found = ranges.find(value);
    return found == ranges.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<Range> rangeOf(Operation *op) const {
    if (isa<arith::IndexCastOp>(op))
      return rangeOf(op->getOperand(0));
    if (op->getNumOperands() != 2 || !op->getResult(0).getType().isIndex())
      return std::nullopt;
    std::optional<Range> a = rangeOf(op->getOperand(0)), b = rangeOf(op->getOperand(1));
    return a && b ? rangeOf(op, *a, *b) : std::nullopt;
  }

  static std::optional<Range> rangeOf(Operation *op, Range a, Range b) {
    if (isa<arith::AddIOp>(op))
      return Range{a.low + b.low, a.high + b.high};
    if (isa<arith::SubIOp>(op))
      return Range{a.low - b.high, a.high - b.low};
    if (isa<arith::MulIOp>(op)) {
      auto [low, high] = std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
      return Range{low, high};
    }
    if (isa<arith::MaxSIOp>(op))
      return Range{std::max(a.low, b.low), std::max(a.high, b.high)};
    if (isa<arith::MinSIOp>(op))
      return Range{std::min(a.low, b.low), std::min(a.high, b.high)};
    bool divides = a.low >= 0 && b.low == b.high && b.low > 0;
    if (divides && isa<arith::DivUIOp, arith::FloorDivSIOp>(op))
      return Range{a.low / b.low, a.high / b.low};
    if (divides && isa<arith::RemUIOp, arith::RemSIOp>(op))
      return Range{0, b.low - 1};
    return std::nullopt;
  }

  /// What an operation always is; null if that is nothing that is there.
  Value fold(Operation *op) {
    return llvm::TypeSwitch<Operation *, Value>(op)
        .Case<arith::AddIOp, arith::MaxSIOp, arith::MinSIOp, arith::DivUIOp, arith::RemUIOp, arith::CmpIOp,
              arith::AndIOp, arith::SelectOp>([&](auto typed) { return fold(typed); })
        .Default([](Operation *) { return Value(); });
  }

  /// Constants that are added one after the other are added at once.
  Value fold(arith::AddIOp op) {
    auto inner = op.getLhs().getDefiningOp<arith::AddIOp>();
    std::optional<int64_t> more = constantOf(op.getRhs());
    std::optional<int64_t> first = inner ? constantOf(inner.getRhs()) : std::nullopt;
    if (!more || !first || !op.getType().isIndex())
      return {};
    if (*first + *more == 0)
      return inner.getLhs();
    OpBuilder builder(op);
    Value sum = arith::ConstantIndexOp::create(builder, op.getLoc(), *first + *more);
    op->setOperands({inner.getLhs(), sum});
    return {};
  }

  Value fold(arith::MaxSIOp op) {
    std::optional<Range> a = rangeOf(op.getLhs()), b = rangeOf(op.getRhs());
    return !a || !b ? Value() : a->low >= b->high ? op.getLhs() : b->low >= a->high ? op.getRhs() : Value();
  }
  Value fold(arith::MinSIOp op) {
    std::optional<Range> a = rangeOf(op.getLhs()), b = rangeOf(op.getRhs());
    return !a || !b ? Value() : a->high <= b->low ? op.getLhs() : b->high <= a->low ? op.getRhs() : Value();
  }

  /// Whether a number is not negative and below the divisor.
  bool isBelow(Value number, Value divisor) {
    std::optional<Range> range = rangeOf(number);
    std::optional<int64_t> by = constantOf(divisor);
    return range && by && range->low >= 0 && range->high < *by;
  }
  Value fold(arith::DivUIOp op) {
    return isBelow(op.getLhs(), op.getRhs()) ? constant(op, OpBuilder(op).getIntegerAttr(op.getType(), 0)) : Value();
  }
  Value fold(arith::RemUIOp op) { return isBelow(op.getLhs(), op.getRhs()) ? op.getLhs() : Value(); }

  Value fold(arith::CmpIOp op) {
    std::optional<Range> a = rangeOf(op.getLhs()), b = rangeOf(op.getRhs());
    std::optional<bool> holds = a && b ? compare(op.getPredicate(), *a, *b) : std::nullopt;
    return holds ? constant(op, OpBuilder(op).getBoolAttr(*holds)) : Value();
  }

  /// Whether a comparison holds for all numbers of two ranges, or for none.
  static std::optional<bool> compare(arith::CmpIPredicate predicate, Range a, Range b) {
    using P = arith::CmpIPredicate;
    bool isSigned = predicate == P::slt || predicate == P::sle || predicate == P::sgt || predicate == P::sge;
    if (!isSigned && std::min(a.low, b.low) < 0)
      return std::nullopt;
    auto always = [](bool yes, bool no) {
      return yes ? std::optional(true) : no ? std::optional(false) : std::nullopt;
    };
    switch (predicate) {
    case P::slt:
    case P::ult:
      return always(a.high < b.low, a.low >= b.high);
    case P::sle:
    case P::ule:
      return always(a.high <= b.low, a.low > b.high);
    case P::sgt:
    case P::ugt:
      return always(a.low > b.high, a.high <= b.low);
    case P::sge:
    case P::uge:
      return always(a.low >= b.high, a.high < b.low);
    case P::eq:
    case P::ne:
      return a.high < b.low || b.high < a.low ? std::optional(predicate == P::ne) : std::nullopt;
    }
    return std::nullopt;
  }

  Value fold(arith::AndIOp op) {
    for (unsigned i : {0, 1})
      if (std::optional<int64_t> known = constantOf(op->getOperand(i)); known && op.getType().isInteger(1))
        return *known ? op->getOperand(1 - i) : op->getOperand(i);
    return {};
  }
  Value fold(arith::SelectOp op) {
    std::optional<int64_t> condition = constantOf(op.getCondition());
    return condition ? *condition ? op.getTrueValue() : op.getFalseValue() : Value();
  }

  static Value constant(Operation *op, TypedAttr value) {
    OpBuilder builder(op);
    return arith::ConstantOp::create(builder, op->getLoc(), value);
  }

  Block &program;
  DenseMap<Value, Range> ranges;
};

} // namespace

void nacre::foldByRanges(Block &program, DenseMap<Value, IndexRange> ranges) {
  Folder(program, std::move(ranges)).run();
}

void nacre::foldByRanges(Block &program, ArrayRef<int64_t> extents) {
  DenseMap<Value, IndexRange> ranges;
  for (auto [index, extent] : llvm::zip(program.getArguments(), extents))
    ranges[index] = {0, extent - 1};
  foldByRanges(program, std::move(ranges));
}
