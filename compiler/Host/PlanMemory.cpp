//===- PlanMemory.cpp - Tensors get places in the arena -------------------===//
//
// One entry at a time: (1) every variable's new value gets its writer, over the
// old value or by a copy; (2) launches are ordered so that old values are read
// before they are overwritten; (3) what is left is packed by lifetime.
//
//===----------------------------------------------------------------------===//

#include "Graph/Ports.h"
#include "Host/Arena.h"
#include "Host/Copy.h"
#include "Host/MemoryPlan.h"
#include "Host/Passes.h"
#include "Host/Place.h"
#include "Host/Schedule.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace nacre::host {
#define GEN_PASS_DEF_PLANMEMORY
#include "Host/Passes.h.inc"

namespace {

/// How many buffers of the peak are named.
constexpr size_t namedAtPeak = 16;

/// Whether a launch may write result `to` over `from`: it reads `from` only in places that it pairs with `to`.
bool mayWriteOver(LaunchOp launch, Value from, OpResult to) {
  ArrayRef<int64_t> pairs = launch.getInPlace();
  for (auto [i, input] : llvm::enumerate(launch.getInputs())) {
    bool paired = false;
    for (size_t p = 0; p + 1 < pairs.size(); p += 2)
      paired |= pairs[p] == static_cast<int64_t>(i) && pairs[p + 1] == to.getResultNumber();
    if (input == from && !paired)
      return false;
  }
  return true;
}

class EntryPlanner {
public:
  EntryPlanner(func::FuncOp function, const Arena &arena)
      : function(function), arena(arena), block(function.getBody().front()),
        exit(cast<func::ReturnOp>(block.getTerminator())) {}

  LogicalResult check();
  /// A reference shares nothing with other entries, and has an arena of its own size.
  bool isReference() const { return function->hasAttr(graph::referenceAttr); }
  void bindVariables();
  void placeTransients();
  EntryOp emit(OpBuilder &builder);

  int64_t copies = 0;
  int64_t end() const { return arena.persistent() + plan.bytes; }

private:
  void detachVariables();
  bool bindInPlace(Schedule &schedule, Value value, const Port &port);
  Value copyOf(Value value, const Port &port);
  /// Where a port lies that persists.
  std::optional<int64_t> persistentOffset(const Port &port) const {
    return isReference() ? std::nullopt : arena.offsetOf(port);
  }
  void addTransient(Value value, int64_t first);
  int64_t offsetOf(Value value) const;
  void emitPorts(OpBuilder &builder);
  void emitRun(OpBuilder &builder, LaunchOp launch);
  int64_t batch() const;
  SmallVector<std::string> peak() const;

  func::FuncOp function;
  const Arena &arena;
  Block &block;
  func::ReturnOp exit;
  SmallVector<Port> arguments, results;
  DenseMap<Value, int64_t> fixed; ///< Where values that persist lie.
  SmallVector<LaunchOp> order;
  SmallVector<Value> transients;
  std::vector<Lifetime> lifetimes;
  DenseMap<Value, size_t> transientIndex;
  MemoryPlan plan;
};

LogicalResult EntryPlanner::check() {
  for (Operation &op : block.without_terminator())
    if (!isa<LaunchOp>(op))
      return op.emitOpError("is still there when memory is planned");
  return readPorts(function, arguments, results);
}

Value EntryPlanner::copyOf(Value value, const Port &port) {
  OpBuilder builder(exit);
  ++copies;
  return createCopy(builder, value.getLoc(), value, port.name.getValue().str() + " copy").getResult(0);
}

/// Results that are an old value of some variable would see the new one: they get a copy.
void EntryPlanner::detachVariables() {
  for (auto [i, port] : llvm::enumerate(results)) {
    auto argument = dyn_cast<BlockArgument>(exit.getOperand(i));
    if (argument && !(arguments[argument.getArgNumber()] == port) &&
        (persistentOffset(port) || persistentOffset(arguments[argument.getArgNumber()])))
      exit.setOperand(i, copyOf(argument, port));
  }
}

/// Lets the launch that computes `value` write it over the old value of its variable, after all other readers.
bool EntryPlanner::bindInPlace(Schedule &schedule, Value value, const Port &port) {
  auto launch = value.getDefiningOp<LaunchOp>();
  if (fixed.contains(value))
    return false;
  SmallVector<LaunchOp> readers;
  auto old = llvm::find(arguments, port);
  if (old != arguments.end()) {
    Value oldValue = block.getArgument(old - arguments.begin());
    if (!mayWriteOver(launch, oldValue, cast<OpResult>(value)))
      return false;
    for (Operation *user : oldValue.getUsers())
      if (user != launch && isa<LaunchOp>(user))
        readers.push_back(cast<LaunchOp>(user));
  }
  return schedule.require(readers, launch);
}

void EntryPlanner::bindVariables() {
  for (auto [port, argument] : llvm::zip_equal(arguments, block.getArguments()))
    if (std::optional<int64_t> offset = persistentOffset(port))
      fixed[argument] = *offset;
  detachVariables();

  Schedule schedule(block);
  for (auto [i, port] : llvm::enumerate(results)) {
    std::optional<int64_t> offset = persistentOffset(port);
    if (!offset || isa<BlockArgument>(exit.getOperand(i)))
      continue;
    if (!bindInPlace(schedule, exit.getOperand(i), port)) {
      exit.setOperand(i, copyOf(exit.getOperand(i), port));
      schedule.add(exit.getOperand(i).getDefiningOp<LaunchOp>());
      bindInPlace(schedule, exit.getOperand(i), port);
    }
    fixed[exit.getOperand(i)] = *offset;
  }
  for (LaunchOp launch : block.getOps<LaunchOp>())
    if (llvm::all_of(launch.getResults(), [&](Value result) { return fixed.contains(result); }))
      schedule.postpone(launch);
  order = schedule.order();
}

void EntryPlanner::addTransient(Value value, int64_t first) {
  if (fixed.contains(value))
    return;
  transientIndex[value] = transients.size();
  transients.push_back(value);
  lifetimes.push_back({bytesOf(cast<RankedTensorType>(value.getType())), first, first, std::nullopt});
}

void EntryPlanner::placeTransients() {
  for (Value argument : block.getArguments())
    addTransient(argument, -1);
  for (auto [step, launch] : llvm::enumerate(order))
    for (Value result : launch.getResults())
      addTransient(result, step);

  auto readAt = [&](Value value, int64_t step) {
    if (auto found = transientIndex.find(value); found != transientIndex.end())
      lifetimes[found->second].last = std::max(lifetimes[found->second].last, step);
  };
  for (auto [step, launch] : llvm::enumerate(order))
    for (Value input : launch.getInputs())
      readAt(input, step);
  for (Value result : exit.getOperands())
    readAt(result, order.size());

  // What the runtime wrote stays as it is: a benchmark writes it once.
  for (LaunchOp launch : order)
    for (size_t p = 0; p + 1 < launch.getInPlace().size(); p += 2) {
      Value from = launch.getInputs()[launch.getInPlace()[p]];
      OpResult to = launch->getResult(launch.getInPlace()[p + 1]);
      if (transientIndex.contains(to) && transientIndex.contains(from) && !isa<BlockArgument>(from) &&
          !lifetimes[transientIndex[to]].over && mayWriteOver(launch, from, to))
        lifetimes[transientIndex[to]].over = transientIndex[from];
    }
  plan = planMemory(lifetimes);
}

int64_t EntryPlanner::offsetOf(Value value) const {
  if (auto found = fixed.find(value); found != fixed.end())
    return found->second;
  return arena.persistent() + plan.offsets[transientIndex.find(value)->second];
}

/// The batch is the leading extent of every field.
int64_t EntryPlanner::batch() const {
  for (auto [port, argument] : llvm::zip_equal(arguments, block.getArguments()))
    if (port.is("field"))
      return cast<RankedTensorType>(argument.getType()).getDimSize(0);
  return 0;
}

/// What is alive where the most memory is needed, the largest first.
SmallVector<std::string> EntryPlanner::peak() const {
  SmallVector<size_t> alive;
  for (auto [i, lifetime] : llvm::enumerate(lifetimes))
    if (lifetime.first <= plan.peakStep && plan.peakStep <= lifetime.last)
      alive.push_back(i);
  llvm::sort(alive, [&](size_t a, size_t b) {
    return lifetimes[a].bytes != lifetimes[b].bytes ? lifetimes[a].bytes > lifetimes[b].bytes : a < b;
  });
  if (alive.size() > namedAtPeak)
    alive.truncate(namedAtPeak);
  SmallVector<std::string> lines;
  for (size_t i : alive) {
    std::string line;
    llvm::raw_string_ostream stream(line);
    auto launch = transients[i].getDefiningOp<LaunchOp>();
    stream << lifetimes[i].bytes << " " << transients[i].getType() << " "
           << (launch ? launch.getLabel() : StringRef("input")) << " " << placeOf(transients[i].getLoc());
    lines.push_back(line);
  }
  return lines;
}

void EntryPlanner::emitPorts(OpBuilder &builder) {
  auto emitAll = [&](ArrayRef<Port> ports, ValueRange values, StringRef direction) {
    for (auto [port, value] : llvm::zip_equal(ports, values))
      if (!persistentOffset(port))
        PortOp::create(builder, value.getLoc(), direction, port.role.getValue(), port.name.getValue(),
                       cast<RankedTensorType>(value.getType()), offsetOf(value));
  };
  emitAll(arguments, block.getArguments(), "input");
  emitAll(results, exit.getOperands(), "result");
}

void EntryPlanner::emitRun(OpBuilder &builder, LaunchOp launch) {
  SmallVector<int64_t> offsets, sizes, strides;
  auto add = [&](ValueRange values) {
    for (Value value : values) {
      auto type = cast<RankedTensorType>(value.getType());
      offsets.push_back(offsetOf(value));
      sizes.push_back(bytesOf(type));
      bool indexed = type.getRank() != 0 && !launch.getExtents().empty() && launch.getExtents().front() != 0;
      strides.push_back(indexed ? sizes.back() / launch.getExtents().front() : 0);
    }
  };
  add(launch.getInputs());
  add(launch.getResults());
  RunOp::create(builder, launch.getLoc(), launch.getKernel(), offsets, sizes, strides, launch.getNumResults(),
                launch.getExtents(), launch.getItems(), launch.getScratch(), launch.getFlops(), launch.getBytes(),
                launch.getLabel());
}

EntryOp EntryPlanner::emit(OpBuilder &builder) {
  SmallVector<std::string> lines = peak();
  SmallVector<StringRef> named(lines.begin(), lines.end());
  auto entry = EntryOp::create(builder, function.getLoc(), function.getName(), batch(), end(),
                               builder.getStrArrayAttr(named));
  OpBuilder inside = OpBuilder::atBlockEnd(&entry.getBody().emplaceBlock());
  emitPorts(inside);
  for (LaunchOp launch : order)
    emitRun(inside, launch);
  return entry;
}

class PlanMemory : public impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Arena> arena = Arena::of(module);
    if (failed(arena))
      return signalPassFailure();
    int64_t bytes = arena->persistent();
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    for (func::FuncOp function : functions) {
      EntryPlanner planner(function, *arena);
      if (failed(planner.check()))
        return signalPassFailure();
      planner.bindVariables();
      planner.placeTransients();
      planner.emit(builder);
      if (!planner.isReference())
        bytes = std::max(bytes, planner.end());
      copies += planner.copies;
    }
    builder.setInsertionPointToStart(module.getBody());
    arena->emit(builder, module.getLoc(), bytes);
    for (func::FuncOp function : functions)
      function.erase();
  }
};

} // namespace
} // namespace nacre::host
