//===- BlockGemm.cpp - A matrix product by the threads of a block ---------===//

#include "FusedToKernel/Gpu/BlockGemm.h"
#include "FusedToKernel/Lanes.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

int64_t BlockGemm::columnsFor(int64_t columns) { return columns <= 32 ? 32 : columns <= 64 ? 64 : 128; }

BlockGemm::BlockGemm(KernelFunction &kernel, Type element, int64_t columns)
    : kernel(kernel), nest(kernel.loops()), element(element), columns(columns),
      sumLanes(std::min<int64_t>(kernel.getTarget().lanes(element), columns / threadsAlong)) {
  IndexMath math = nest.math();
  Value thread = kernel.thread();
  threadRow = math.floorDiv(thread, threadsAlong);
  threadColumn = math.sub(thread, math.mul(threadRow, threadsAlong));
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

/// Lines of a panel lie this many elements further apart than they need to, so that threads which write a column of it
/// meet different banks of the shared memory.
static constexpr int64_t padding = 4;

BlockGemm::Panel BlockGemm::makePanel(const GemmOperand &operand, int64_t lines) {
  Panel panel;
  panel.lines = lines;
  panel.lanes = operand.lanes;
  panel.lanesAreTerms = operand.lanesAreTerms;
  panel.vectors = panelTerms * lines / operand.lanes;
  panel.memory = kernel.scratch(2 * panelTerms * (lines + padding), element);
  panel.memory.strides = {panelTerms * (lines + padding), lines + padding, 1};
  IndexMath math = nest.math();
  int64_t perLine = (operand.lanesAreTerms ? panelTerms : lines) / operand.lanes;
  for (int64_t first = 0; first < panel.vectors; first += threads) {
    Value number = math.add(kernel.thread(), first);
    panel.numbers.push_back(number);
    if (first + threads > panel.vectors)
      number = math.min(number, math.constant(panel.vectors - 1));
    Value outer = math.floorDiv(number, perLine);
    Value inner = math.mul(math.sub(number, math.mul(outer, perLine)), operand.lanes);
    auto [term, line] = operand.lanesAreTerms ? std::pair(inner, outer) : std::pair(outer, inner);
    panel.places.push_back({term, line});
    panel.fetches.push_back(operand.place(term, line));
  }
  return panel;
}

SmallVector<Value> BlockGemm::fetch(const Panel &panel, Value firstTerm) {
  return llvm::map_to_vector(panel.fetches, [&](const Fetch &fetch) { return fetch(firstTerm); });
}

void BlockGemm::stage(const Panel &panel, ValueRange vectors, Value turn) {
  unsigned level = nest.depth();
  Location loc = nest.getLoc();
  auto write = [&](Value vector, Value term, Value line) {
    if (!panel.lanesAreTerms || panel.lanes == 1) {
      LaneMath math(kernel, panel.lanes);
      Lanes lanes{line, 0, panel.lanes > 1};
      math.store(panel.memory, {Lanes{turn, level}, Lanes{term}, lanes}, {vector, level, 0, panel.lanes > 1});
      return;
    }
    LaneMath math(kernel, 1);
    for (unsigned lane = 0; lane < panel.lanes; ++lane) {
      OpBuilder builder = nest.here();
      Value part = vector::ExtractOp::create(builder, loc, vector, int64_t(lane)).getResult();
      Lanes at{nest.math(0).add(term, lane)};
      math.store(panel.memory, {Lanes{turn, level}, at, Lanes{line}}, {part, nest.depth()});
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
  auto type = VectorType::get({sumLanes}, element);
  Value none = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  SmallVector<Value> carried(threadRows() * threadVectors(), none);
  carried.push_back(zero); // which of the two panels is complete
  Value first = nest.open(zero, terms, nest.math().constant(panelTerms), carried);
  Value turn = nest.carried().back(), next = nest.math().add(first, panelTerms);
  SmallVector<Value> nextA = fetch(panelA, next), nextB = fetch(panelB, next);
  SmallVector<Value> added = multiply(panelA, panelB, turn, nest.carried().drop_back());
  Value other = nest.math().sub(nest.math().constant(1), turn);
  stage(panelA, nextA, other);
  stage(panelB, nextB, other);
  kernel.barrier();
  added.push_back(other);
  sums = llvm::to_vector_of<Value>(nest.close(added).drop_back());
}

Value BlockGemm::load(const Panel &panel, Value turn, int64_t term, Value line, unsigned lanes) {
  unsigned level = nest.depth();
  LaneMath math(kernel, lanes);
  Lanes place{line, 0, lanes > 1};
  return math.load(panel.memory, {Lanes{turn, level}, Lanes{nest.math(0).constant(term)}, place}, level).value;
}

Value BlockGemm::columnOf(int64_t vector) {
  IndexMath math = nest.math(0);
  return math.add(math.mul(threadColumn, sumLanes), vector * threadsAlong * sumLanes);
}

SmallVector<Value> BlockGemm::multiply(const Panel &a, const Panel &b, Value turn, ValueRange before) {
  SmallVector<Value> after(before);
  unsigned aLanes = kernel.getTarget().lanes(element);
  Location loc = nest.getLoc();
  Value firstRow = nest.math(0).mul(threadRow, threadRows());
  for (int64_t term = 0; term < panelTerms; ++term) {
    SmallVector<Value> vectors;
    for (int64_t v = 0; v < threadVectors(); ++v)
      vectors.push_back(load(b, turn, term, columnOf(v), sumLanes));
    for (int64_t row = 0; row < threadRows(); row += aLanes) {
      Value scalars = load(a, turn, term, nest.math(0).add(firstRow, row), aLanes);
      OpBuilder builder = nest.here();
      for (unsigned lane = 0; lane < aLanes; ++lane) {
        Value scalar = vector::ExtractOp::create(builder, loc, scalars, int64_t(lane)).getResult();
        Value all = vector::BroadcastOp::create(builder, loc, VectorType::get({sumLanes}, element), scalar);
        for (int64_t v = 0; v < threadVectors(); ++v) {
          Value &sum = after[(row + lane) * threadVectors() + v];
          sum = math::FmaOp::create(builder, loc, all, vectors[v], sum);
        }
      }
    }
  }
  return after;
}

void BlockGemm::forSums(function_ref<void(Value, Value, Value)> body) {
  IndexMath math = nest.math(0);
  for (int64_t row = 0; row < threadRows(); ++row)
    for (int64_t v = 0; v < threadVectors(); ++v)
      body(math.add(math.mul(threadRow, threadRows()), row), columnOf(v), sums[row * threadVectors() + v]);
}
