//===- BlockGemm.cpp - A matrix product by the threads of a block ---------===//

#include "FusedToKernel/Gpu/BlockGemm.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Operations of an operand's program that many registers are not needed for, and of a result's that half of all are
/// enough for.
static constexpr int64_t fewOperations = 8, moderateOperations = 32;

static int64_t operationsOf(Region *program) {
  return llvm::count_if(program->front(), [](Operation &op) { return !isa<arith::ConstantOp>(op); });
}

/// Whether it takes so many registers that sums should not.
static bool isLargeStore(Region *store) { return store && operationsOf(store) > moderateOperations; }

/// Tiles that keep every multiprocessor busy.
static constexpr int64_t manyTiles = 264;

BlockTile BlockGemm::tileFor(const Target &target, Type element, int64_t rows, int64_t columns, bool isCopied,
                             ArrayRef<Region *> loads, Region *store) {
  constexpr BlockTile tall{256, 64}, wide{128, 128}, narrow{128, 32};
  bool hasTensorCores = TileProduct::hasTensorCores(target, element);
  bool hasWarpgroups = TileProduct::hasWarpgroups(target, element);
  if (isLargeStore(store) && !hasWarpgroups)
    return narrow;
  // Those of a warpgroup have no registers beside their sums.
  int64_t operations = hasWarpgroups ? moderateOperations : fewOperations;
  bool isSmall = llvm::all_of(loads, [&](Region *load) { return operationsOf(load) <= operations; });
  if (columns > tall.columns)
    return hasTensorCores && isSmall ? wide : BlockTile{wide.rows, tall.columns};
  bool isTall = hasTensorCores && !hasWarpgroups && isCopied && rows >= manyTiles * tall.rows;
  return {isTall ? tall.rows : wide.rows, columns <= narrow.columns ? narrow.columns : tall.columns};
}

BlockGemm::BlockGemm(KernelFunction &kernel, Type element, const BlockTile &tile)
    : kernel(kernel), nest(kernel.loops()), element(element), tile(tile),
      product(TileProduct::make(kernel, element, tile)) {}

//===----------------------------------------------------------------------===//
// The ring
//===----------------------------------------------------------------------===//

/// Panels of each operand in shared memory. Where some are copied all but one are on their way while that is
/// multiplied, as many as fit; else the next one is in registers meanwhile.
static constexpr int64_t mostSlots = 4, slotsForStores = 2;

void BlockGemm::commitCopies() {
  OpBuilder builder = nest.here();
  NVVM::CpAsyncCommitGroupOp::create(builder, nest.getLoc());
}

void BlockGemm::waitForCopies(int64_t groups) {
  OpBuilder builder = nest.here();
  NVVM::CpAsyncWaitGroupOp::create(builder, nest.getLoc(), groups);
}

/// Copies go into all slots but one, one group for each; the first panel of what is computed is stored.
void BlockGemm::fillRing(MutableArrayRef<OperandPanels> operands, int64_t panelTerms, int64_t slots) {
  IndexMath math = nest.math();
  bool hasCopies = llvm::any_of(operands, [](const OperandPanels &operand) { return operand.isCopied(); });
  for (int64_t slot = 0; hasCopies && slot + 1 < slots; ++slot) {
    for (OperandPanels &operand : operands)
      operand.copy(math.constant(slot * panelTerms), math.constant(slot));
    commitCopies();
  }
  Value zero = math.constant(0);
  for (OperandPanels &operand : operands)
    operand.store(operand.fetch(zero), zero);
}

void BlockGemm::run(Value terms, const GemmOperand &a, const GemmOperand &b, Region *store) {
  bool hasCopies = a.isCopied() || b.isCopied(), isCopied = a.isCopied() && b.isCopied();
  // What is fetched one by one takes more registers.
  if (product->fitsTwice(isCopied) && a.lanes > 1 && b.lanes > 1 && !isLargeStore(store))
    kernel.getFunction()->setAttr(blocksAttr, Builder(element.getContext()).getI64IntegerAttr(2));
  int64_t panelTerms = product->panelTerms(isCopied);
  int64_t lineBytes = panelTerms * TileProduct::panelElement(kernel.getTarget(), element).getIntOrFloatBitWidth() / 8;
  int64_t fitting = product->ringBytes() / (lineBytes * (tile.rows + tile.columns));
  int64_t slots = hasCopies ? std::min(mostSlots, fitting) : slotsForStores;
  OperandPanels operands[] = {{kernel, *product, GemmSide::A, a, panelTerms, tile.rows, slots},
                              {kernel, *product, GemmSide::B, b, panelTerms, tile.columns, slots}};
  fillRing(operands, panelTerms, slots);

  SmallVector<Value> carried = product->zeros();
  Value zero = nest.math().constant(0);
  carried.push_back(zero); // the slot of the panel that is multiplied
  Value first = nest.open(zero, terms, nest.math().constant(panelTerms), carried);
  Value slot = nest.carried().back();
  // All threads' parts of the panel are there, and all have left the slot behind it, which is the last to be filled.
  if (hasCopies)
    waitForCopies(slots - 2);
  product->publish();
  kernel.barrier();
  auto stepFrom = [&](int64_t at, int64_t to, int64_t by) -> Value {
    IndexMath math = nest.math();
    Value isAt = arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::eq, slot, math.constant(at));
    return arith::SelectOp::create(math.builder, math.loc, isAt, math.constant(to), math.add(slot, by));
  };
  Value next = stepFrom(slots - 1, 0, 1);
  SmallVector<SmallVector<Value>> fetched;
  auto stageNext = [&] {
    if (hasCopies) {
      Value last = stepFrom(0, slots - 1, -1);
      for (OperandPanels &operand : operands)
        operand.copy(nest.math().add(first, (slots - 1) * panelTerms), last);
      commitCopies();
    }
    for (OperandPanels &operand : operands)
      fetched.push_back(operand.fetch(nest.math().add(first, panelTerms)));
  };
  SmallVector<Value> added =
      product->multiply({operands[0].panel(), slot, !a.isCopied()}, {operands[1].panel(), slot, !b.isCopied()},
                        nest.carried().drop_back(), stageNext);
  for (auto [operand, vectors] : llvm::zip_equal(operands, fetched))
    operand.store(vectors, next);
  added.push_back(next);
  sums = product->complete(nest.close(added).drop_back());
}

void BlockGemm::forSums(unsigned lanes, function_ref<void(Value, Value, Value)> body) {
  product->forSums(sums, lanes, body);
}
