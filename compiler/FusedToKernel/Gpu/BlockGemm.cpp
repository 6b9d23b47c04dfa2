//===- BlockGemm.cpp - A matrix product by the threads of a block ---------===//

#include "FusedToKernel/Gpu/BlockGemm.h"
#include "FusedToKernel/Lanes.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Operations of a program that many registers are not needed for.
static constexpr int64_t fewOperations = 8;

int64_t BlockGemm::columnsFor(const Target &target, int64_t columns, ArrayRef<Region *> operands) {
  bool isSmall = llvm::all_of(operands, [](Region *program) {
    return llvm::count_if(program->front(), [](Operation &op) { return !isa<arith::ConstantOp>(op); }) <= fewOperations;
  });
  int64_t most = target.products != Target::Products::F32 && isSmall ? 128 : 64;
  return columns <= 32 ? 32 : columns <= 64 ? 64 : most;
}

BlockGemm::BlockGemm(KernelFunction &kernel, Type element, int64_t columns)
    : kernel(kernel), nest(kernel.loops()), element(element), columns(columns),
      product(TileProduct::make(kernel, element, columns)) {}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

static constexpr int64_t panelTerms = TileProduct::panelTerms;

/// Rows of a panel lie this many elements further apart than they need to, so that threads which read or write a column
/// of it meet different banks of the shared memory.
static constexpr int64_t padding = 8;

BlockGemm::Panel BlockGemm::makePanel(const GemmOperand &operand, int64_t lines) {
  Panel panel;
  panel.lines = lines;
  panel.lanes = operand.lanes;
  panel.lanesAreTerms = operand.lanesAreTerms;
  panel.vectors = panelTerms * lines / operand.lanes;
  int64_t inner = product->hasTermsTogether() ? panelTerms : lines, outer = panelTerms * lines / inner;
  panel.memory = kernel.scratch(2 * outer * (inner + padding), product->panelElement());
  panel.memory.strides = {outer * (inner + padding), inner + padding, 1};
  if (product->hasTermsTogether())
    std::swap(panel.memory.strides[1], panel.memory.strides[2]);
  IndexMath math = nest.math();
  int64_t perLine = (operand.lanesAreTerms ? panelTerms : lines) / operand.lanes;
  for (int64_t first = 0; first < panel.vectors; first += threads) {
    Value number = math.add(kernel.thread(), first);
    panel.numbers.push_back(number);
    if (first + threads > panel.vectors)
      number = math.min(number, math.constant(panel.vectors - 1));
    Value slow = math.floorDiv(number, perLine);
    Value fast = math.mul(math.sub(number, math.mul(slow, perLine)), operand.lanes);
    auto [term, line] = operand.lanesAreTerms ? std::pair(fast, slow) : std::pair(slow, fast);
    panel.places.push_back({term, line});
    panel.fetches.push_back(operand.place(term, line));
  }
  return panel;
}

SmallVector<Value> BlockGemm::fetch(const Panel &panel, Value firstTerm) {
  return llvm::map_to_vector(panel.fetches, [&](const Fetch &fetch) { return product->staged(fetch(firstTerm)); });
}

void BlockGemm::stage(const Panel &panel, ValueRange vectors, Value turn) {
  unsigned level = nest.depth();
  Location loc = nest.getLoc();
  auto write = [&](Value vector, Value term, Value line) {
    if (panel.lanes == 1 || panel.lanesAreTerms == product->hasTermsTogether()) {
      LaneMath math(kernel, panel.lanes);
      Lanes termLanes{term, 0, panel.lanes > 1 && panel.lanesAreTerms};
      Lanes lineLanes{line, 0, panel.lanes > 1 && !panel.lanesAreTerms};
      math.store(panel.memory, {Lanes{turn, level}, termLanes, lineLanes}, {vector, level, 0, panel.lanes > 1});
      return;
    }
    LaneMath math(kernel, 1);
    for (unsigned lane = 0; lane < panel.lanes; ++lane) {
      OpBuilder builder = nest.here();
      Value part = vector::ExtractOp::create(builder, loc, vector, int64_t(lane)).getResult();
      Lanes termLane{panel.lanesAreTerms ? nest.math(0).add(term, lane) : term};
      Lanes lineLane{panel.lanesAreTerms ? line : nest.math(0).add(line, lane)};
      math.store(panel.memory, {Lanes{turn, level}, termLane, lineLane}, {part, nest.depth()});
    }
  };
  for (size_t i = 0; i < panel.places.size(); ++i) {
    auto [term, line] = panel.places[i];
    if (int64_t(i + 1) * threads <= panel.vectors)
      write(vectors[i], term, line);
    else
      ifBelow(nest, panel.numbers[i], nest.math(0).constant(panel.vectors), [&] { write(vectors[i], term, line); });
  }
}

//===----------------------------------------------------------------------===//
// The product
//===----------------------------------------------------------------------===//

void BlockGemm::run(Value terms, const GemmOperand &a, const GemmOperand &b) {
  Panel panelA = makePanel(a, rows), panelB = makePanel(b, columns);
  Location loc = nest.getLoc();
  Value zero = nest.math().constant(0);
  stage(panelA, fetch(panelA, zero), zero);
  stage(panelB, fetch(panelB, zero), zero);
  kernel.barrier();

  OpBuilder builder = nest.here();
  auto type = VectorType::get({lanes()}, element);
  Value none = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  SmallVector<Value> carried(product->vectors(), none);
  carried.push_back(zero); // which of the two panels is complete
  Value first = nest.open(zero, terms, nest.math().constant(panelTerms), carried);
  Value turn = nest.carried().back(), next = nest.math().add(first, panelTerms);
  SmallVector<Value> nextA = fetch(panelA, next), nextB = fetch(panelB, next);
  auto readPanel = [&](GemmSide side, Value term, Value line, unsigned lanes) {
    return read(side == GemmSide::A ? panelA : panelB, turn, term, line, lanes);
  };
  SmallVector<Value> added = product->multiply(readPanel, nest.carried().drop_back());
  Value other = nest.math().sub(nest.math().constant(1), turn);
  stage(panelA, nextA, other);
  stage(panelB, nextB, other);
  kernel.barrier();
  added.push_back(other);
  sums = llvm::to_vector_of<Value>(nest.close(added).drop_back());
}

Value BlockGemm::read(const Panel &panel, Value turn, Value term, Value line, unsigned lanes) {
  unsigned level = nest.depth();
  LaneMath math(kernel, lanes);
  bool alongTerms = lanes > 1 && product->hasTermsTogether(), alongLines = lanes > 1 && !alongTerms;
  return math.load(panel.memory, {Lanes{turn, level}, Lanes{term, 0, alongTerms}, Lanes{line, 0, alongLines}}, level)
      .value;
}

void BlockGemm::forSums(function_ref<void(Value, Value, Value)> body) {
  for (auto [number, vector] : llvm::enumerate(sums)) {
    auto [row, column] = product->placeOf(number);
    body(row, column, vector);
  }
}
