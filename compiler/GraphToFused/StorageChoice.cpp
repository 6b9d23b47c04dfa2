//===- StorageChoice.cpp - Which values become buffers --------------------===//

#include "GraphToFused/StorageChoice.h"
#include "Graph/Cost.h"
#include "GraphToFused/Frames.h"
#include "GraphToFused/NestEmitter.h"
#include "GraphToFused/Products.h"
#include "llvm/Support/FormatVariadic.h"
#include <queue>

using namespace mlir;
using namespace nacre;
using graph::bytesPerOperation, graph::operationsPerElement;

/// Values below this are not worth a thought: they stay in the nearest cache.
static constexpr int64_t smallBytes = 16 * 1024;

bool nacre::isPoint(Operation *op) { return op && isa<graph::PointOpInterface>(op); }

int64_t nacre::bytesOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getNumElements() * std::max(1u, type.getElementTypeBitWidth() / 8);
}

static bool nonNegative(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value >= 0; });
}

bool StorageChoice::hasTemplate(Operation *op) const {
  if (!templates)
    return false;
  if (auto dot = dyn_cast<graph::DotOp>(op))
    return Product(dot).isLarge();
  // The padding of a staged operand; frames may lie anywhere.
  auto fits = [](ArrayRef<int64_t> low, ArrayRef<int64_t> high, RankedTensorType weight) {
    Frames frames(weight);
    return weight.getRank() <= 5 && nonNegative(frames.plane(low, 0)) && nonNegative(frames.plane(high, 0));
  };
  if (auto conv = dyn_cast<graph::ConvOp>(op))
    return fits(conv.getLow(), conv.getHigh(), conv.getW().getType());
  if (auto conv = dyn_cast<graph::ConvDwOp>(op))
    return fits(conv.getLow(), conv.getHigh(), conv.getType());
  if (auto conv = dyn_cast<graph::ConvDxOp>(op)) {
    auto weight = conv.getW().getType();
    SmallVector<int64_t> spare;
    for (auto [axis, low] : llvm::enumerate(conv.getLow()))
      spare.push_back(conv.getDilation()[axis] * (weight.getDimSize(axis + 2) - 1) - low);
    return fits(conv.getLow(), conv.getHigh(), weight) && nonNegative(Frames(weight).plane(spare, 0));
  }
  return false;
}

/// A value that is nowhere cheaper to have than where it is read: an argument, a
/// constant, or a moved or converted stored value.
static bool isFree(Value value, llvm::function_ref<bool(Value)> isStored) {
  while (!isStored(value)) {
    Operation *op = value.getDefiningOp();
    if (!isPoint(op) || operationsPerElement(op) > (isa<graph::ConvertOp>(op) ? 1 : 0))
      return false;
    if (op->getNumOperands() == 0)
      return true;
    if (op->getNumOperands() > 1)
      return false;
    value = op->getOperand(0);
  }
  return true;
}

StorageChoice::StorageChoice(Block &block, bool fuse, bool templates) : templates(templates) {
  for (Value argument : block.getArguments())
    stored.insert(argument);
  storeResults(block);
  storeEpilogues(block);
  if (fuse) {
    storeOperands(block);
    storeByCost(block);
  } else {
    for (Operation &op : block.without_terminator())
      if (isPoint(&op) && op.getNumOperands() > 0)
        stored.insert(op.getResult(0));
  }
  for (Operation &op : block.without_terminator())
    for (Value result : op.getResults())
      if (stored.contains(result))
        order.push_back(result);
}

void StorageChoice::store(Value value, const Twine &reason) {
  if (stored.insert(value).second)
    reasons[value] = reason.str();
}

/// What anchors make, what loops read and what the function returns.
void StorageChoice::storeResults(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (!isPoint(&op))
      for (Value result : op.getResults())
        store(result, "each element of a " + op.getName().stripDialect() + " combines many: none is computed twice");
    if (isa<graph::ScanOp>(op))
      for (Value operand : op.getOperands())
        store(operand, "a loop reads it at every step");
  }
  for (Value result : block.getTerminator()->getOperands())
    store(result, "it leaves the function");
}

/// The sums of a contraction go through the elementwise ops that alone read them
/// before they are stored: bias, activation. Where two contractions meet, the first
/// goes on and reads what the second has stored.
void StorageChoice::storeEpilogues(Block &block) {
  DenseSet<Operation *> taken;
  for (Operation &op : block.without_terminator()) {
    if (!hasTemplate(&op) || isa<graph::ConvDwOp>(op))
      continue;
    Value root = op.getResult(0);
    while (root.hasOneUse()) {
      Operation *user = *root.user_begin();
      if (!isPoint(user) || !user->hasTrait<OpTrait::Elementwise>() || !taken.insert(user).second)
        break;
      root = user->getResult(0);
    }
    std::string reason = std::move(reasons[op.getResult(0)]);
    stored.erase(op.getResult(0));
    reasons.erase(op.getResult(0));
    store(root, reason);
    anchors[root] = &op;
  }
}

/// The value that a reshape, if it is one, gives another shape: it may lie in memory as its neighbours do.
static Value beforeReshape(Value value) {
  auto reshape = value.getDefiningOp<graph::ReshapeOp>();
  return reshape ? beforeReshape(reshape.getX()) : value;
}

/// Operands that would be computed many times over.
void StorageChoice::storeOperands(Block &block) {
  auto storedHere = [&](Value value) { return stored.contains(value); };
  for (Operation &op : block.without_terminator()) {
    bool rereads = !isPoint(&op) && !hasTemplate(&op) && !isa<graph::ReduceOp, graph::MomentsOp>(op);
    bool expands = isa<graph::BroadcastOp>(op) && bytesOf(op.getResult(0)) >= 4 * bytesOf(op.getOperand(0));
    if (auto conv = dyn_cast<graph::ConvOp>(op); conv && hasTemplate(conv) && !isFree(conv.getW(), storedHere))
      store(conv.getW(), "weights are packed once for all images");
    if (!rereads && !expands)
      continue;
    for (Value operand : op.getOperands())
      if (!isFree(operand, storedHere))
        store(expands ? beforeReshape(operand) : operand,
              expands ? Twine("it is broadcast: computed once instead of for every element")
                      : "a " + op.getName().stripDialect() + " reads each of its elements many times");
  }
}

llvm::SetVector<Value> StorageChoice::leavesOf(Value value) const {
  llvm::SetVector<Value> leaves;
  llvm::DenseSet<Value> seen;
  SmallVector<Value> work = {value};
  Operation *anchor = anchorOf(value);
  bool first = true;
  while (!work.empty()) {
    Value next = work.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    Operation *op = next.getDefiningOp();
    if ((!first && isStored(next)) || !op) {
      leaves.insert(next);
      continue;
    }
    first = false;
    if (isPoint(op) || op == anchor || next == value)
      work.append(op->operand_begin(), op->operand_end());
  }
  return leaves;
}

/// Every nest that reads a user of the value reads the value.
llvm::SmallSetVector<Value, 4> StorageChoice::readersOf(Value value) const {
  llvm::SmallSetVector<Value, 4> readers;
  llvm::DenseSet<Value> seen;
  SmallVector<Value> work = {value};
  while (!work.empty())
    for (Operation *user : work.pop_back_val().getUsers())
      for (Value result : user->getResults()) {
        if (!seen.insert(result).second)
          continue;
        if (isStored(result))
          readers.insert(result);
        else
          work.push_back(result); // virtual, or sums that go on into an epilogue
      }
  return readers;
}

bool StorageChoice::isComputeBound(Value value) const {
  Operation *anchor = anchorOf(value) ? anchorOf(value) : value.getDefiningOp();
  auto cost = dyn_cast<graph::CostOpInterface>(anchor);
  if (!cost || isPoint(anchor) || isa<graph::ReduceOp, graph::MomentsOp>(anchor))
    return false;
  double bytes = bytesOf(value);
  for (Value operand : anchor->getOperands())
    bytes += bytesOf(operand);
  return cost.flops() / 2.0 * bytesPerOperation > bytes; // a multiply-add is one operation
}

/// How often an operand's elements are computed where `count` elements of the result are. An op that makes larger what
/// it reads asks for an element of it everywhere, and throws away what lies outside; a broadcast is loop-invariant.
static double countOf(Operation *op, Value operand, double count) {
  if (isa<graph::BroadcastOp>(op))
    return std::min<double>(count, cast<RankedTensorType>(operand.getType()).getNumElements());
  return count;
}

StorageChoice::Cost StorageChoice::costOf(Value root, Value extra) const {
  Cost cost;
  cost.isComputeBound = isComputeBound(root);
  Operation *rootOp = root.getDefiningOp();
  double most = bytesOf(isPoint(rootOp) ? root : rootOp->getOperand(0)); // what is read of a larger tensor
  cost.bytes = bytesOf(root);
  llvm::DenseSet<Value> seen;
  SmallVector<std::pair<Value, double>> work = {{root, cast<RankedTensorType>(root.getType()).getNumElements()}};
  while (!work.empty()) {
    auto [next, count] = work.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    Operation *op = next.getDefiningOp();
    if (next != root && (!op || next == extra || isStored(next))) {
      cost.bytes += std::min<double>(bytesOf(next), most);
      continue;
    }
    cost.arithmetic += operationsPerElement(op) * count * bytesPerOperation;
    for (Value operand : op->getOperands()) {
      double elements = cast<RankedTensorType>(operand.getType()).getNumElements();
      work.push_back({operand, isPoint(op) ? countOf(op, operand, count) : elements});
    }
  }
  return cost;
}

StorageChoice::Times StorageChoice::timesOf(Value value) const {
  Times times;
  double bytes = bytesOf(value), making = costOf(value, {}).time();
  for (Value reader : readersOf(value)) {
    Cost now = costOf(reader, {}), then = costOf(reader, value);
    ++times.readers;
    times.computedAgain += now.time();
    times.stored += then.time();
    Operation *op = reader.getDefiningOp();
    Value domain = isPoint(op) ? reader : op->getOperand(0);
    if (now.isComputeBound || domain.getType() != value.getType())
      continue;
    Cost both = now;
    both.bytes += bytes;
    making = std::min(making, both.time() - then.time());
  }
  times.stored += making;
  return times;
}

/// The value that saves most goes first, so that what is cheaply computed from it stays virtual; of equals the
/// later one, which has more of the way behind it. What others save only shrinks by that, and is asked again.
void StorageChoice::storeByCost(Block &block) {
  auto storedHere = [&](Value value) { return stored.contains(value); };
  std::priority_queue<std::tuple<double, int64_t, void *>> queue;
  int64_t place = 0;
  for (Operation &op : block.without_terminator()) {
    ++place;
    if (!isPoint(&op) || op.getNumOperands() == 0 || bytesOf(op.getResult(0)) < smallBytes ||
        isFree(op.getResult(0), storedHere))
      continue;
    queue.push({timesOf(op.getResult(0)).saved(), place, op.getResult(0).getAsOpaquePointer()});
  }
  while (!queue.empty() && std::get<double>(queue.top()) > 0) {
    auto [expected, at, pointer] = queue.top();
    queue.pop();
    Value value = Value::getFromOpaquePointer(pointer);
    if (stored.contains(value) || isFree(value, storedHere))
      continue;
    Times times = timesOf(value);
    if (times.readers < 2)
      continue;
    if (times.saved() < expected) {
      queue.push({times.saved(), at, pointer});
      continue;
    }
    ++chosen;
    store(value, llvm::formatv("read by {0} kernels: stored costs {1:f1} MB of traffic, computed again {2:f1} MB",
                               times.readers, times.stored / 1e6, times.computedAgain / 1e6)
                     .str());
  }
  for (; !queue.empty(); queue.pop())
    reject(Value::getFromOpaquePointer(std::get<void *>(queue.top())));
}

void StorageChoice::reject(Value value) {
  auto storedHere = [&](Value other) { return stored.contains(other); };
  if (stored.contains(value) || isFree(value, storedHere))
    return;
  Times times = timesOf(value);
  if (times.readers < 2)
    return;
  StringRef path = pathOf(value.getLoc());
  for (Value reader : readersOf(value)) {
    auto [entry, isNew] = rejected.try_emplace(reader);
    if (!isNew && entry->second.loss <= -times.saved())
      continue;
    entry->second = {-times.saved(),
                     llvm::formatv("the {0} of {1} stored, too: {2:f1} MB of traffic in {3} kernels "
                                   "instead of {4:f1} MB",
                                   value.getDefiningOp()->getName().stripDialect(), path.empty() ? "the step" : path,
                                   times.stored / 1e6, times.readers, times.computedAgain / 1e6)
                         .str()};
  }
}

StringRef StorageChoice::next(Value root) const {
  auto found = rejected.find(root);
  return found == rejected.end() ? StringRef() : StringRef(found->second.text);
}

StringRef StorageChoice::why(Value value) const {
  auto found = reasons.find(value);
  return found == reasons.end() ? StringRef() : StringRef(found->second);
}
