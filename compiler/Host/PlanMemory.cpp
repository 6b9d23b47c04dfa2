//===- PlanMemory.cpp - Tensors get places in the arena -------------------===//
//
// Of every entry, and before that of the bodies of its loops: (1) what has its
// place from outside gets its writer, over the old value or by a copy (Binding);
// (2) launches are ordered so that old values are read before they are
// overwritten (Schedule); (3) what is left is packed by lifetime (Workspace).
// Then the launches of all are written down (EmitRuns).
//
//===----------------------------------------------------------------------===//

#include "Graph/Ports.h"
#include "Host/Arena.h"
#include "Host/EmitRuns.h"
#include "Host/Passes.h"
#include "Host/Place.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace nacre::host {
#define GEN_PASS_DEF_PLANMEMORY
#include "Host/Passes.h.inc"

namespace {

/// How many buffers of the peak are named.
constexpr size_t namedAtPeak = 16;

/// Whether an entry is a reference: it shares nothing with other entries, and has an arena of its own size.
bool isReference(func::FuncOp function) { return function->hasAttr(graph::referenceAttr); }

/// What is in memory by name: where it is written, and what by.
std::string describe(const Buffer &buffer) {
  std::string line;
  llvm::raw_string_ostream stream(line);
  stream << buffer.bytes << " " << buffer.value.getType() << " ";
  if (auto launch = buffer.value.getDefiningOp<LaunchOp>())
    stream << launch.getLabel();
  else if (auto loop = buffer.value.getDefiningOp<LoopOp>())
    stream << loop.getSteps() << " steps of " << nameOf(loop, cast<OpResult>(buffer.value).getResultNumber());
  else
    stream << "input";
  stream << " " << placeOf(buffer.value.getLoc());
  return line;
}

class EntryPlanner {
public:
  EntryPlanner(func::FuncOp function, const Arena &arena) : function(function), arena(arena) {}

  LogicalResult readPorts() { return host::readPorts(function, arguments, results); }
  /// Writes the entry; returns the end of its memory.
  int64_t emit(OpBuilder &builder, FunctionPlans &plans);

private:
  /// Where a port lies that persists.
  std::optional<int64_t> persistentOffset(const Port &port) const {
    return isReference(function) ? std::nullopt : arena.offsetOf(port);
  }
  std::pair<Slots, SmallVector<Place>> persistentSlots() const;
  void emitPorts(OpBuilder &builder, const RunEmitter &runs);
  int64_t batch();

  func::FuncOp function;
  const Arena &arena;
  SmallVector<Port> arguments, results;
};

/// A slot for every variable and gradient.
std::pair<Slots, SmallVector<Place>> EntryPlanner::persistentSlots() const {
  Slots slots;
  SmallVector<Place> places;
  DenseMap<int64_t, size_t> slotAt;
  auto add = [&](ArrayRef<Port> ports, SmallVector<std::optional<size_t>> &slots) {
    for (const Port &port : ports) {
      std::optional<int64_t> offset = persistentOffset(port);
      if (offset && slotAt.try_emplace(*offset, places.size()).second)
        places.push_back({*offset, {}});
      slots.push_back(offset ? std::optional(slotAt[*offset]) : std::nullopt);
    }
  };
  add(arguments, slots.arguments);
  add(results, slots.results);
  for (auto [port, slot] : llvm::zip_equal(results, slots.results))
    if (port.is("gradient") && slot)
      slots.soon.insert(*slot);
  return {slots, places};
}

/// The batch is the leading extent of every field.
int64_t EntryPlanner::batch() {
  for (auto [port, argument] : llvm::zip_equal(arguments, function.getArguments()))
    if (port.is("field"))
      return cast<RankedTensorType>(argument.getType()).getDimSize(0);
  return 0;
}

/// What is alive where the most memory is needed, the largest first.
ArrayAttr linesOf(ArrayRef<Buffer> peak, OpBuilder &builder) {
  SmallVector<const Buffer *> buffers;
  for (const Buffer &buffer : peak)
    buffers.push_back(&buffer);
  llvm::sort(buffers,
             [](const Buffer *a, const Buffer *b) { return a->bytes != b->bytes ? a->bytes > b->bytes : a < b; });
  SmallVector<Attribute> lines;
  for (const Buffer *buffer : ArrayRef(buffers).take_front(namedAtPeak))
    lines.push_back(builder.getStringAttr(describe(*buffer)));
  return builder.getArrayAttr(lines);
}

void EntryPlanner::emitPorts(OpBuilder &builder, const RunEmitter &runs) {
  auto emitAll = [&](ArrayRef<Port> ports, ValueRange values, StringRef direction) {
    for (auto [port, value] : llvm::zip_equal(ports, values))
      if (!persistentOffset(port))
        PortOp::create(builder, value.getLoc(), direction, port.role.getValue(), port.name.getValue(),
                       cast<RankedTensorType>(value.getType()), runs.placeOf(value).offset);
  };
  emitAll(arguments, function.getArguments(), "input");
  emitAll(results, function.getBody().front().getTerminator()->getOperands(), "result");
}

int64_t EntryPlanner::emit(OpBuilder &builder, FunctionPlans &plans) {
  auto [slots, places] = persistentSlots();
  const FunctionPlan &plan = plans.plan(function, slots);
  int64_t end = arena.persistent() + plan.workspace.bytes();
  auto entry = EntryOp::create(builder, function.getLoc(), function.getName(), batch(), end,
                               linesOf(plan.workspace.peak(), builder));
  OpBuilder inside = OpBuilder::atBlockEnd(&entry.getBody().emplaceBlock());
  RunEmitter runs(plans, plan, std::move(places), arena.persistent());
  emitPorts(inside, runs);
  runs.emit(inside);
  return end;
}

LogicalResult checkOps(func::FuncOp function) {
  for (Operation &op : function.getBody().front().without_terminator())
    if (!isa<LaunchOp, LoopOp>(op))
      return op.emitOpError("is still there when memory is planned");
  return success();
}

class PlanMemory : public impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Arena> arena = Arena::of(module);
    if (failed(arena))
      return signalPassFailure();
    int64_t bytes = arena->persistent();
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (failed(checkOps(function)))
        return signalPassFailure();
    FunctionPlans plans;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    for (func::FuncOp function : functions) {
      EntryPlanner planner(function, *arena);
      if (function.isPrivate())
        continue;
      if (failed(planner.readPorts()))
        return signalPassFailure();
      int64_t end = planner.emit(builder, plans);
      if (!isReference(function))
        bytes = std::max(bytes, end);
    }
    copies += plans.copies();
    builder.setInsertionPointToStart(module.getBody());
    arena->emit(builder, module.getLoc(), bytes);
    for (func::FuncOp function : functions)
      function.erase();
  }
};

} // namespace
} // namespace nacre::host
