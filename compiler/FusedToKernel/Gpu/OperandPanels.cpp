//===- OperandPanels.cpp - How an operand gets into its panels ------------===//

#include "FusedToKernel/Gpu/OperandPanels.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/Threads.h"
#include "FusedToKernel/Lanes.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

OperandPanels::OperandPanels(KernelFunction &kernel, TileProduct &product, GemmSide side, const GemmOperand &operand,
                             int64_t terms, int64_t lines, int64_t slots)
    : kernel(kernel), nest(kernel.loops()), product(product),
      shared(kernel, product.formOf(side, operand.lanesAreTerms), terms, lines, slots), lanes(operand.lanes),
      lanesAreTerms(operand.lanesAreTerms), vectors(terms * lines / operand.lanes) {
  assert(!operand.isCopied() || (lanes == shared.elementsOfChunk() && lanesAreTerms == shared.hasTermsTogether()));
  placeVectors(operand, terms, lines);
}

/// Threads that follow each other take vectors that do.
void OperandPanels::placeVectors(const GemmOperand &operand, int64_t ofTerms, int64_t ofLines) {
  IndexMath math = nest.math();
  int64_t ofRow = (lanesAreTerms ? ofTerms : ofLines) / lanes, rowsApart = threadsPerBlock / ofRow;
  Value thread = kernel.thread(), slow = math.floorDiv(thread, ofRow),
        fast = math.mul(math.sub(thread, math.mul(slow, ofRow)), lanes);
  for (int64_t first = 0; first < vectors; first += threadsPerBlock) {
    numbers.push_back(math.add(thread, first));
    Value row = math.add(slow, first / threadsPerBlock * rowsApart);
    if (first + threadsPerBlock > vectors)
      row = math.min(row, math.constant(vectors / ofRow - 1));
    auto [term, line] = lanesAreTerms ? std::pair(fast, row) : std::pair(row, fast);
    terms.push_back(term);
    lines.push_back(line);
    bool isStep = first > 0 && lanesAreTerms == shared.hasTermsTogether() && shared.takesSteps(rowsApart);
    int64_t rows = first / threadsPerBlock * rowsApart;
    places.push_back(isStep ? shared.step(math, places[0], lanesAreTerms ? 0 : rows, lanesAreTerms ? rows : 0)
                            : shared.place(math, term, line));
    if (operand.isCopied())
      locates.push_back(operand.locate(term, line));
    else
      fetches.push_back(operand.fetch(term, line));
  }
}

/// Emits `body` for each vector of the thread.
static void forVectors(LoopNest &nest, ArrayRef<Value> numbers, int64_t vectors, function_ref<void(size_t)> body) {
  for (size_t i = 0; i < numbers.size(); ++i)
    if (int64_t(i + 1) * threadsPerBlock <= vectors)
      body(i);
    else
      ifBelow(nest, numbers[i], nest.math(0).constant(vectors), [&] { body(i); });
}

//===----------------------------------------------------------------------===//
// Copied
//===----------------------------------------------------------------------===//

void OperandPanels::copy(Value firstTerm, Value slot) {
  if (!isCopied())
    return;
  Location loc = nest.getLoc();
  forVectors(nest, numbers, vectors, [&](size_t i) {
    Source source = locates[i](firstTerm);
    Value to = kernel.pointer(shared.memory(), shared.inSlot(nest.math(), slot, places[i]));
    Value from = kernel.pointer(source.memory, source.element);
    OpBuilder builder = nest.here();
    auto bytes = [&](int32_t number) -> Value { return arith::ConstantIntOp::create(builder, loc, number, 32); };
    Value read = arith::SelectOp::create(builder, loc, source.isThere, bytes(SharedPanel::chunkBytes), bytes(0));
    // Through the first-level cache: taps meet the same pixels, and blocks the same weights.
    NVVM::CpAsyncOp::create(builder, loc, to, from, SharedPanel::chunkBytes, NVVM::LoadCacheModifierKind::CA, read);
  });
}

//===----------------------------------------------------------------------===//
// Computed
//===----------------------------------------------------------------------===//

SmallVector<Value> OperandPanels::fetch(Value firstTerm) {
  return llvm::map_to_vector(fetches, [&](const Fetch &fetch) { return product.staged(fetch(firstTerm)); });
}

void OperandPanels::store(ValueRange values, Value slot) {
  if (isCopied())
    return;
  forVectors(nest, numbers, vectors, [&](size_t i) { storeVector(values[i], i, slot); });
}

void OperandPanels::storeVector(Value vector, size_t number, Value slot) {
  auto write = [&](Value value, Value place, unsigned width) {
    LaneMath math(kernel, width);
    unsigned level = nest.depth();
    math.store(shared.memory(), {Lanes{shared.inSlot(nest.math(), slot, place), level, width > 1}},
               {value, level, 0, width > 1});
  };
  if (lanes == 1 || lanesAreTerms == shared.hasTermsTogether())
    return write(vector, places[number], lanes);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    OpBuilder builder = nest.here();
    Value part = vector::ExtractOp::create(builder, nest.getLoc(), vector, int64_t(lane)).getResult();
    IndexMath outside = nest.math(0);
    Value term = lanesAreTerms ? outside.add(terms[number], lane) : terms[number];
    Value line = lanesAreTerms ? lines[number] : outside.add(lines[number], lane);
    write(part, shared.place(outside, term, line), 1);
  }
}
