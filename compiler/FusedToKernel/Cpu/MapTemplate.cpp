//===- MapTemplate.cpp - Loops of a map -----------------------------------===//
//
// The domain runs in the order of memory, innermost axis vectorised. An item is a
// number of indices of the leading axis. Where rows are short, or much depends on the
// place in them, they are taken in strips: the loop over vectors is outside of the loop
// over the rows of a strip, and what depends on the place is computed once for all of them.
// So it is where a map transposes: a vector gathers from as many lines as it has lanes, and
// the next rows find their elements in them.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Pieces.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class MapEmitter {
public:
  MapEmitter(KernelFunction &kernel, fused::MapOp map)
      : kernel(kernel), nest(kernel.loops()), map(map), rank(extentsOf(map).size()), inner(InnerLoop::of(map)),
        inputs(inputsOf(kernel, map)), results(resultsOf(kernel, map)), indices(rank) {}

  void run() {
    if (rank == 0) {
      nest.open(kernel.begin(), kernel.end());
      emitPoint(1);
      nest.close();
      return;
    }
    Value rows = rowsPerItemOf(kernel, map), leading = extentOf(kernel, map, 0);
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    Value first = math.mul(item, rows);
    emitLoops(0, first, math.min(math.add(first, rows), leading));
    nest.close();
    declareMergeable(kernel, map);
  }

private:
  /// The loops of an item from `axis` on, whose indices these are.
  void emitLoops(size_t axis, Value first, Value last) {
    if (axis + 1 == rank)
      return overVectors(first, last, [&](Width width) { emitPoint(width); });
    if (inner.isOutside && axis + 2 == rank)
      return axis == 0 ? emitStrip(first, last) : emitStrips(last);
    openLoop(axis, first, last);
    emitLoops(axis + 1, nest.math().constant(0), extentOf(kernel, map, axis + 1));
    nest.close();
  }

  /// Rows that have together as many elements as an item should, at a time.
  void emitStrips(Value rows) {
    IndexMath math = nest.math(0);
    Value strip =
        math.max(math.floorDiv(math.constant(elementsPerItem), extentOf(kernel, map, rank - 1)), math.constant(1));
    Value first = nest.open(nest.math().constant(0), rows, strip);
    emitStrip(first, nest.math().min(nest.math().add(first, strip), rows));
    nest.close();
  }

  /// A number of rows, one vector of places after the other.
  void emitStrip(Value first, Value last) {
    overVectors(nest.math().constant(0), extentOf(kernel, map, rank - 1), [&](Width width) {
      openLoop(rank - 2, first, last);
      emitPoint(width);
      nest.close();
    });
  }

  void openLoop(size_t axis, Value first, Value last) {
    Value index = nest.open(first, last);
    indices[axis] = Lanes{index, nest.depth()};
  }

  /// Vectors of the innermost axis, piece by piece.
  void overVectors(Value first, Value last, function_ref<void(Width)> body) {
    size_t axis = rank - 1;
    forPieces(kernel, map.getBody(), inputs, domainArguments(map)[axis], nest.math().constant(0), first, last,
              /*isWhole=*/axis > 0, [&](unsigned number, Value lower, Value upper) {
                piece = number;
                forVectors(kernel, lower, upper, inner.lanes, inner.runs[piece], [&](Value index, Width width) {
                  indices[axis] = Lanes{index, nest.depth(), width.lanes > 1};
                  body(width);
                });
              });
  }

  void emitPoint(Width width) {
    LaneMath math(kernel, width);
    auto row = inner.isOutside ? std::optional<unsigned>(rank - 2) : std::nullopt;
    SmallVector<Lanes> values = emitProgram(kernel, math, map.getBody(), inputs, indices, piece, row);
    for (auto [result, value] : llvm::zip_equal(results, values))
      math.store(result, indices, value);
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::MapOp map;
  size_t rank;
  InnerLoop inner;
  PointInputs inputs;
  SmallVector<Buffer> results;
  SmallVector<Lanes> indices;
  unsigned piece = 0;
};

} // namespace

void kernel::emitMap(KernelFunction &kernel, fused::MapOp map) { MapEmitter(kernel, map).run(); }
