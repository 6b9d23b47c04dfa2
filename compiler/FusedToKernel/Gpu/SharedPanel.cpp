//===- SharedPanel.cpp - Panels of an operand in shared memory ------------===//

#include "FusedToKernel/Gpu/SharedPanel.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Chunks in all banks of the shared memory.
static constexpr int64_t chunksOfBanks = 8;

/// After which the exchange repeats that instructions find in the bits of addresses.
static constexpr int64_t exchangeBytes = 1024;

SharedPanel::SharedPanel(KernelFunction &kernel, const PanelForm &form, int64_t terms, int64_t lines, int64_t slots)
    : form(form), numTerms(terms), rowElements(form.hasTermsTogether ? terms : lines), panelElements(terms * lines) {
  bool inBlocks = form.read == PanelForm::Read::Blocks;
  if (inBlocks) {
    blockElements = std::min(rowElements, chunksOfBanks * elementsOfChunk()) * (panelElements / rowElements);
    rowElements = std::min(rowElements, chunksOfBanks * elementsOfChunk());
  }
  if (form.read != PanelForm::Read::Vector) {
    int64_t chunks = std::min(rowElements / elementsOfChunk(), chunksOfBanks);
    mask = chunks - 1;
    bool fourRows = form.read == PanelForm::Read::FourRows;
    rowsOfNumber = chunksOfBanks / chunks;
    numbersOfRow = fourRows ? 2 : 1;
    period = fourRows ? 4 : 8;
  }
  if (inBlocks)
    buffer = kernel.scratch(slots * panelElements, form.element, exchangeBytes);
  else
    buffer = kernel.scratch(slots * panelElements, form.element);
}

static Value exclusiveOr(IndexMath math, Value a, Value b) {
  return math.builder.createOrFold<arith::XOrIOp>(math.loc, a, b);
}

Value SharedPanel::place(IndexMath math, Value term, Value line) const {
  Value row = form.hasTermsTogether ? line : term, column = form.hasTermsTogether ? term : line;
  Value start = math.mul(row, rowElements);
  if (blockElements < panelElements && blockElements > 0) {
    Value block = math.floorDiv(column, rowElements);
    column = math.sub(column, math.mul(block, rowElements));
    start = math.add(start, math.mul(block, blockElements));
  }
  if (mask == 0)
    return math.add(start, column);
  Value number = math.mul(math.floorDiv(row, rowsOfNumber), numbersOfRow);
  number = math.builder.createOrFold<arith::AndIOp>(math.loc, number, math.constant(mask));
  return math.add(start, exclusiveOr(math, column, math.mul(number, elementsOfChunk())));
}

Value SharedPanel::step(IndexMath math, Value place, int64_t terms, int64_t lines) const {
  int64_t rows = form.hasTermsTogether ? lines : terms, columns = form.hasTermsTogether ? terms : lines;
  assert(takesSteps(rows) && "chunks of these rows are exchanged otherwise");
  Value moved = columns == 0 ? place : exclusiveOr(math, place, math.constant(columns));
  return math.add(moved, rows * rowElements);
}

Value SharedPanel::inSlot(IndexMath math, Value slot, Value place) const {
  return math.add(place, math.mul(slot, panelElements));
}
