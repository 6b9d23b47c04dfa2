//===- Layouts.cpp - Where the channels lie in memory ---------------------===//

#include "GraphToFused/Layouts.h"
#include "Fused/Fused.h"
#include "Graph/Scan.h"

using namespace mlir;
using namespace nacre;

/// Ops whose result has the axes of their operand, in the same order.
static bool keepsAxes(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() || isa<graph::SliceOp, graph::PadOp, graph::ConcatOp, graph::TakeOp,
                                                     graph::WindowSumOp, graph::WindowMaxOp, graph::WindowMaxDxOp>(op);
}

namespace {

/// Spreads the demand for inner channels over one function.
class ChannelsLast {
public:
  explicit ChannelsLast(func::FuncOp function) : block(function.front()), isBody(nacre::isBody(function)) {}

  ChannelAxes run() {
    for (Operation &op : block.without_terminator())
      addDemandOf(op);
    while (!work.empty()) {
      Value value = work.pop_back_val();
      if (Operation *op = value.getDefiningOp())
        spread(op, value);
      for (OpOperand &use : value.getUses())
        spread(use.getOwner(), value);
      spreadCarries(value);
    }
    return std::move(last);
  }

private:
  static int64_t rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }

  void add(Value value, int64_t axis = 1) {
    if ((isBody || value.getDefiningOp()) && rankOf(value) >= axis + 2 && last.try_emplace(value, axis).second)
      work.push_back(value);
  }

  void addDemandOf(Operation &op) {
    if (isa<graph::ConvOp, graph::ConvDxOp>(op)) {
      add(op.getOperand(0));
      add(op.getResult(0));
    } else if (isa<graph::ConvDwOp>(op)) {
      add(op.getOperand(0));
      add(op.getOperand(1));
    } else if (auto scan = dyn_cast<graph::ScanOp>(op)) {
      func::FuncOp body = scan.bodyFunction();
      for (auto [values, types] : {std::pair(ValueRange(op.getOperands()), body.getArgumentTypes()),
                                   std::pair(ValueRange(op.getResults()), body.getResultTypes())})
        for (auto [value, type] : llvm::zip_equal(values, types))
          if (!llvm::is_sorted(fused::layoutOf(cast<RankedTensorType>(type))))
            add(value);
    }
  }

  /// From a value to others of an op.
  void spread(Operation *op, Value value) {
    int64_t axis = last.lookup(value);
    if (auto reshape = dyn_cast<graph::ReshapeOp>(op))
      return spread(reshape, axis);
    if (!keepsAxes(op))
      return;
    for (Value near : llvm::concat<Value>(op->getOperands(), op->getResults()))
      if (rankOf(near) == rankOf(value))
        add(near, axis);
  }

  /// A reshape may take a batch of one away, or put it in front.
  void spread(graph::ReshapeOp reshape, int64_t axis) {
    Value with = reshape.getResult(), without = reshape.getX();
    if (rankOf(with) < rankOf(without))
      std::swap(with, without);
    ArrayRef<int64_t> shape = cast<RankedTensorType>(with.getType()).getShape();
    bool isBatch = rankOf(with) == rankOf(without) + 1 && shape[0] == 1 &&
                   shape.drop_front() == cast<RankedTensorType>(without.getType()).getShape();
    if (!isBatch)
      return;
    add(with, 1);
    add(without, 0);
  }

  /// A carry of a body leaves it as it enters: arguments and results of one number.
  void spreadCarries(Value value) {
    Operation *exit = block.getTerminator();
    if (!isBody)
      return;
    auto function = cast<func::FuncOp>(block.getParentOp());
    auto link = [&](unsigned number) {
      if (number < numCarries(function)) {
        add(block.getArgument(number));
        add(exit->getOperand(number));
      }
    };
    if (auto argument = dyn_cast<BlockArgument>(value))
      link(argument.getArgNumber());
    for (OpOperand &use : value.getUses())
      if (use.getOwner() == exit)
        link(use.getOperandNumber());
  }

  static unsigned numCarries(func::FuncOp function) {
    return llvm::count_if(graph::argumentsOf(function),
                          [](const graph::Port &port) { return port.is(graph::carryRole); });
  }

  Block &block;
  bool isBody;
  ChannelAxes last;
  SmallVector<Value> work;
};

} // namespace

ChannelAxes nacre::channelsLast(func::FuncOp function) { return ChannelsLast(function).run(); }

RankedTensorType nacre::storedType(Value value, const ChannelAxes &last) {
  auto type = cast<RankedTensorType>(value.getType());
  Type element = type.getElementType();
  if (element.isUnsignedInteger())
    element = IntegerType::get(type.getContext(), element.getIntOrFloatBitWidth());
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  if (auto found = last.find(value); found != last.end())
    std::rotate(order.begin() + found->second, order.begin() + found->second + 1, order.end());
  return fused::withLayout(RankedTensorType::get(type.getShape(), element), order);
}
