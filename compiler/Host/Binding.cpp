//===- Binding.cpp - Which values lie at places that are given ------------===//

#include "Host/Binding.h"
#include "Host/Copy.h"

using namespace mlir;

namespace nacre::host {

func::FuncOp bodyOf(LoopOp loop) {
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(loop, loop.getBodyAttr());
}

static StringRef nameOf(func::FuncOp function, unsigned result) {
  auto name = function.getResultAttrOfType<StringAttr>(result, "nacre.name");
  return name ? name.getValue() : "value";
}

StringRef nameOf(LoopOp loop, unsigned result) { return nameOf(bodyOf(loop), result); }

Value initOf(Value result) {
  auto loop = result.getDefiningOp<LoopOp>();
  unsigned number = loop ? cast<OpResult>(result).getResultNumber() : 0;
  return loop && number < loop.getInits().size() ? loop.getInits()[number] : Value();
}

/// Whether an op that reads an operand may write a result over it: it reads no element after it wrote it.
static bool isPaired(Operation *op, unsigned operand, unsigned result) {
  if (auto loop = dyn_cast<LoopOp>(op))
    return operand == result && operand < loop.getInits().size();
  ArrayRef<int64_t> pairs = cast<LaunchOp>(op).getInPlace();
  for (size_t p = 0; p + 1 < pairs.size(); p += 2)
    if (pairs[p] == operand && pairs[p + 1] == result)
      return true;
  return false;
}

bool mayWriteOver(Operation *op, Value from, OpResult to) {
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    return operand.get() != from || isPaired(op, operand.getOperandNumber(), to.getResultNumber());
  });
}

Binding::Binding(func::FuncOp function, Slots givenSlots)
    : function(function), slots(std::move(givenSlots)), exit(function.getBody().front().getTerminator()),
      schedule(function.getBody().front()) {
  for (auto [slot, argument] : llvm::zip_equal(slots.arguments, function.getArguments()))
    if (slot)
      bound[argument] = *slot;
  detachResults();
  for (LoopOp loop : llvm::to_vector(function.getOps<LoopOp>()))
    for (unsigned carry = 0; carry < loop.getInits().size(); ++carry)
      takeOver(loop, carry);
  for (unsigned number = 0; number < exit->getNumOperands(); ++number)
    bindResult(number);
  postponeWriters();
  ordered = schedule.order();
}

std::optional<size_t> Binding::slotOf(Value value) const {
  auto found = bound.find(value);
  return found == bound.end() ? std::nullopt : std::optional(found->second);
}

/// What a slot holds when the function begins; null if that is of no use to it.
Value Binding::oldValueOf(size_t slot) {
  auto found = llvm::find(slots.arguments, std::optional(slot));
  return found == slots.arguments.end() ? Value() : function.getArgument(found - slots.arguments.begin());
}

SmallVector<Operation *> Binding::readersOf(Value value, Operation *except) const {
  SmallVector<Operation *> readers;
  for (Operation *user : value.getUsers())
    if (user != except && user != exit)
      readers.push_back(user);
  return readers;
}

Value Binding::copyOf(Value value, Operation *before, StringRef name) {
  OpBuilder builder(before);
  ++copies;
  return createCopy(builder, value.getLoc(), value, (name + " copy").str()).getResult(0);
}

/// Results that are the old value of another slot would see the new one: they get a copy.
void Binding::detachResults() {
  for (auto [i, slot] : llvm::enumerate(slots.results)) {
    auto argument = dyn_cast<BlockArgument>(exit->getOperand(i));
    if (argument && slots.arguments[argument.getArgNumber()] != slot)
      exit->setOperand(i, copyOf(argument, exit, nameOf(function, i)));
  }
}

/// Makes the place of a loop's initial value the loop's own, by a copy where others need the value as it is.
void Binding::takeOver(LoopOp loop, unsigned carry) {
  OpOperand &init = loop->getOpOperand(carry);
  if (!continuesSlot(loop, carry) && !owns(loop, init))
    init.set(copyOf(init.get(), loop, nameOf(loop, carry)));
}

/// Whether a loop's carry is from the old value of a slot to its new one: then it stays there.
bool Binding::continuesSlot(LoopOp loop, unsigned carry) {
  auto old = dyn_cast<BlockArgument>(loop.getInits()[carry]);
  std::optional<size_t> slot = old ? slotOf(old) : std::nullopt;
  auto result = llvm::find(slots.results, slot);
  return slot && result != slots.results.end() &&
         exit->getOperand(result - slots.results.begin()) == loop.getFinals()[carry] &&
         overwrite(loop.getFinals()[carry], *slot);
}

/// Lets a loop write over an initial value that was computed here, after all other readers.
bool Binding::owns(LoopOp loop, OpOperand &init) {
  Value value = init.get();
  if (isa<BlockArgument>(value) || slotOf(value) || llvm::is_contained(exit->getOperands(), value) ||
      llvm::count(loop->getOperands(), value) > 1)
    return false;
  return schedule.require(readersOf(value, loop), loop);
}

/// Finds the writer of a result that belongs in a slot.
void Binding::bindResult(unsigned number) {
  std::optional<size_t> slot = slots.results[number];
  Value value = exit->getOperand(number);
  if (!slot || isa<BlockArgument>(value) || bind(cast<OpResult>(value), *slot))
    return;
  Value copy = copyOf(value, exit, nameOf(function, number));
  exit->setOperand(number, copy);
  [[maybe_unused]] bool last = bind(cast<OpResult>(copy), *slot);
  assert(last && "nothing comes after the last copy");
}

/// Lets a value be computed in a slot; the last value of a loop's carry from its first value on.
bool Binding::bind(OpResult value, size_t slot) {
  if (std::optional<size_t> other = slotOf(value))
    return other == slot;
  Value init = initOf(value);
  if (!init)
    return overwrite(value, slot);
  if (!bind(cast<OpResult>(init), slot))
    return false;
  bound[value] = slot;
  return true;
}

/// Lets the op that computes `value` write it over what was in a slot, after all other readers of that.
bool Binding::overwrite(OpResult value, size_t slot) {
  Operation *writer = value.getOwner();
  SmallVector<Operation *> readers;
  if (Value old = oldValueOf(slot)) {
    if (!mayWriteOver(writer, old, value))
      return false;
    readers = readersOf(old, writer);
  }
  if (!schedule.require(readers, writer))
    return false;
  bound[value] = slot;
  return true;
}

/// Launches that only write to slots, for nobody here to read, come last: the optimizer's, which can merge then.
void Binding::postponeWriters() {
  auto isForLater = [&](Value result) { return bound.contains(result) && readersOf(result, nullptr).empty(); };
  auto isForSoon = [&](Value result) { return slots.soon.contains(bound.lookup(result)); };
  for (LaunchOp launch : function.getOps<LaunchOp>())
    if (llvm::all_of(launch.getResults(), isForLater) && !llvm::all_of(launch.getResults(), isForSoon))
      schedule.postpone(launch);
}

} // namespace nacre::host
