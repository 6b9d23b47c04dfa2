//===- MapTemplate.cpp - Loops of a map -----------------------------------===//
//
// The domain runs in the order of memory, innermost axis vectorised. An item is a
// fixed number of indices of the leading axis.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Templates.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class MapEmitter {
public:
  MapEmitter(KernelFunction &kernel, fused::MapOp map)
      : kernel(kernel), nest(kernel.loops()), map(map), extents(map.getExtents()), inputs(inputsOf(kernel, map)),
        results(resultsOf(kernel, map)), width(lanesOf(map, kernel.getTarget())) {}

  Work run() {
    Work work;
    work.inPlace = inPlacePairs(map);
    if (extents.empty()) {
      nest.open(kernel.begin(), kernel.end());
      emitPoint({}, 1);
      nest.close();
      return work;
    }
    int64_t inner = 1;
    for (int64_t extent : extents.drop_front())
      inner *= ShapedType::isDynamic(extent) ? 1 : extent;
    work.rowsPerItem = std::max<int64_t>(1, elementsPerItem / inner);
    Value rows = rowsOf(kernel, map, work.rowsPerItem), leading = extentOf(kernel, map, 0);
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    Value first = math.mul(item, rows);
    emitLoops(first, math.min(math.add(first, rows), leading));
    nest.close();
    if (!isReference(map))
      declareMergeable(work.rowsPerItem);
    return work;
  }

private:
  /// Short rows: few enough vectors that each can run through all rows of an item,
  /// with everything that depends on its place in the row computed once.
  bool hasShortRows() const { return extents.size() == 2 && ShapedType::isStatic(extents[1]) && extents[1] <= 1024; }

  void emitLoops(Value first, Value last) {
    size_t rank = extents.size();
    SmallVector<Lanes> indices(rank);
    auto level = [&] { return nest.depth(); };
    if (rank == 1)
      return forLanes(kernel, first, last, ShapedType::kDynamic, width, [&](Value index, unsigned lanes) {
        indices[0] = Lanes{index, level(), lanes > 1};
        emitPoint(indices, lanes);
      });
    if (hasShortRows())
      return forLanes(kernel, nest.math().constant(0), nest.math().constant(extents[1]), extents[1],
                      pairOfVectors(extents[1], width), [&](Value index, unsigned lanes) {
                        indices[1] = Lanes{index, level(), lanes > 1};
                        Value row = nest.open(first, last);
                        indices[0] = Lanes{row, level()};
                        emitPoint(indices, lanes);
                        nest.close();
                      });
    for (size_t axis = 0; axis + 1 < rank; ++axis) {
      Value index =
          axis == 0 ? nest.open(first, last) : nest.open(nest.math().constant(0), extentOf(kernel, map, axis));
      indices[axis] = Lanes{index, level()};
    }
    forLanes(kernel, nest.math().constant(0), extentOf(kernel, map, rank - 1), extents.back(), width,
             [&](Value index, unsigned lanes) {
               indices.back() = Lanes{index, level(), lanes > 1};
               emitPoint(indices, lanes);
             });
    for (size_t axis = 0; axis + 1 < rank; ++axis)
      nest.close();
  }

  void emitPoint(ArrayRef<Lanes> indices, unsigned lanes) {
    LaneMath math(kernel, lanes);
    SmallVector<Lanes> values = emitProgram(kernel, math, map.getBody(), inputs, indices);
    for (auto [result, value] : llvm::zip_equal(results, values))
      math.store(result, indices, value);
  }

  /// Says of a kernel that does the same at every index of its one extent, whatever the index is, how many
  /// indices an item takes (`nacre.grain`) and which inputs are read without the index (`nacre.uniform`):
  /// launches of it on neighbouring buffers can then be one.
  void declareMergeable(int64_t grain) {
    if (extents.size() != 1 || ShapedType::isStatic(extents[0]))
      return;
    Block &body = map.getBody().front();
    BlockArgument index = body.getArgument(0);
    SmallVector<int64_t> uniform;
    for (auto [number, input] : llvm::enumerate(body.getArguments().drop_front()))
      if (llvm::none_of(input.getUsers(),
                        [&](Operation *user) { return llvm::is_contained(user->getOperands(), index); }))
        uniform.push_back(number);
    for (Operation *user : index.getUsers()) {
      auto extract = dyn_cast<tensor::ExtractOp>(user);
      if (!extract || !isa<BlockArgument>(extract.getTensor()) || extract.getIndices().size() != 1)
        return;
    }
    Builder builder(map.getContext());
    kernel.getFunction()->setAttr("nacre.grain", builder.getI64IntegerAttr(grain));
    kernel.getFunction()->setAttr("nacre.uniform", builder.getDenseI64ArrayAttr(uniform));
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::MapOp map;
  ArrayRef<int64_t> extents;
  PointInputs inputs;
  SmallVector<Buffer> results;
  unsigned width;
};

} // namespace

Work kernel::emitMap(KernelFunction &kernel, fused::MapOp map) { return MapEmitter(kernel, map).run(); }
