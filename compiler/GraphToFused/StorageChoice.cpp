//===- StorageChoice.cpp - Which values become buffers --------------------===//

#include "GraphToFused/StorageChoice.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace nacre;

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
  auto fits = [](auto conv) { return conv.getGroups() == 1 && conv.getStride().size() == 2 && nonNegative(conv.getLow()) &&
                                     nonNegative(conv.getHigh()); };
  if (auto conv = dyn_cast<graph::ConvOp>(op))
    return fits(conv);
  if (auto conv = dyn_cast<graph::ConvDwOp>(op))
    return fits(conv);
  if (auto conv = dyn_cast<graph::ConvDxOp>(op)) {
    auto weight = conv.getW().getType();
    for (auto [axis, low] : llvm::enumerate(conv.getLow()))
      if (conv.getDilation()[axis] * (weight.getDimSize(axis + 2) - 1) < low)
        return false;
    return fits(conv);
  }
  return false;
}

/// Arithmetic for one element of an op's result, vectorised: additions and
/// products 1, transcendental functions by the length of their polynomial.
static double flopsPerElement(Operation *op) {
  if (isa<graph::ExpOp, graph::LogOp, graph::TanhOp, graph::SinOp, graph::CosOp, graph::PowOp>(op))
    return 15;
  if (isa<graph::ErfOp>(op))
    return 25;
  if (isa<graph::RandomOp>(op))
    return 60;
  if (isa<graph::DivOp, graph::SqrtOp, graph::RsqrtOp>(op))
    return 5;
  return op->hasTrait<OpTrait::Elementwise>() ? 1 : 0;
}

/// A value that is nowhere cheaper to have than where it is read: an argument, a
/// constant, or a moved or converted stored value.
static bool isFree(Value value, llvm::function_ref<bool(Value)> isStored) {
  while (!isStored(value)) {
    Operation *op = value.getDefiningOp();
    if (!isPoint(op) || flopsPerElement(op) > (isa<graph::ConvertOp>(op) ? 1 : 0))
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

/// What anchors make and what the function returns.
void StorageChoice::storeResults(Block &block) {
  for (Operation &op : block.without_terminator())
    if (!isPoint(&op))
      for (Value result : op.getResults())
        store(result, "each element of a " + op.getName().stripDialect() + " combines many: none is computed twice");
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
        store(operand, expands ? Twine("it is broadcast: computed once instead of for every element")
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
void StorageChoice::collectReaders(Value value) {
  auto &own = readers[value];
  for (Operation *user : value.getUsers())
    for (Value result : user->getResults()) {
      if (stored.contains(result) || !isPoint(user))
        own.insert(result);
      else if (auto found = readers.find(result); found != readers.end())
        own.insert(found->second.begin(), found->second.end());
    }
}

void StorageChoice::storeByCost(Block &block) {
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    for (Value result : op.getResults())
      collectReaders(result);
    if (!isPoint(&op) || op.getNumOperands() == 0 || stored.contains(op.getResult(0)))
      continue;
    Value value = op.getResult(0);
    double count = readers[value].size(), bytes = bytesOf(value);
    if (count < 2 || bytes < smallBytes || isFree(value, [&](Value v) { return stored.contains(v); }))
      continue;
    double read = 0, flops = 0;
    llvm::DenseSet<Value> seen;
    SmallVector<Value> work = {value};
    while (!work.empty()) {
      Value next = work.pop_back_val();
      if (!seen.insert(next).second)
        continue;
      if (stored.contains(next))
        read += std::min<double>(bytesOf(next), bytes);
      else if (Operation *inner = next.getDefiningOp()) {
        auto elements = cast<RankedTensorType>(next.getType()).getNumElements();
        flops += flopsPerElement(inner) * elements;
        work.append(inner->operand_begin(), inner->operand_end());
      }
    }
    double again = count * (read + flops * bytesPerFlop);
    double once = read + flops * bytesPerFlop + bytes + count * bytes;
    if (once >= again)
      continue;
    ++chosen;
    store(value, llvm::formatv("read by {0} kernels: stored moves {1:f1} MB, computed again {2:f1} MB", int(count),
                               once / 1e6, again / 1e6)
                     .str());
  }
}

StringRef StorageChoice::why(Value value) const {
  auto found = reasons.find(value);
  return found == reasons.end() ? StringRef() : StringRef(found->second);
}
