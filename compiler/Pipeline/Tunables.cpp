//===- Tunables.cpp - What a schedule can say of a program ----------------===//

#include "FusedToKernel/Alternatives.h"
#include "Pipeline/CompilationImpl.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace nacre;

/// Parts of a weight gradient that are worth a try beside `parts`.
static std::vector<int64_t> otherParts(int64_t parts, int64_t images) {
  std::vector<int64_t> others;
  for (int64_t other : {int64_t(1), parts / 2, parts * 2})
    if (other >= 1 && other <= images && other != parts && !llvm::is_contained(others, other))
      others.push_back(other);
  return others;
}

static Tunable tunableOf(Operation *nest, StringRef name, const kernel::Target &target) {
  Tunable tunable{.name = name.str(), .method = 0};
  if (auto tile = nest->getAttrOfType<IntegerAttr>("winograd"))
    tunable.method = tile.getInt();
  if (auto methods = nest->getAttrOfType<DenseI64ArrayAttr>("methods"))
    for (int64_t method : methods.asArrayRef())
      if (method != tunable.method)
        tunable.methods.push_back(method);
  kernel::Alternatives cuts = kernel::alternativesOf(nest, target);
  for (kernel::Tile tile : cuts.tiles)
    tunable.tiles.emplace_back(tile.vectors, tile.rows);
  tunable.blocks = cuts.blocks;
  if (auto dw = dyn_cast<fused::ConvDwOp>(nest))
    tunable.parts = otherParts(dw.getParts(), dw.getResultExtents()[0]);
  return tunable;
}

std::vector<Tunable> Compilation::tunables() const {
  kernel::Target target{impl->target.host.vectorBits()};
  llvm::MapVector<StringRef, Tunable> found;
  impl->module->walk([&](Operation *nest) {
    auto name = nest->getAttrOfType<StringAttr>("convolution");
    if (name && isa<fused::ConvOp, fused::ConvDwOp>(nest) && !found.contains(name))
      found.insert({name, tunableOf(nest, name, target)});
  });
  std::vector<Tunable> tunables;
  for (auto &[name, tunable] : found)
    tunables.push_back(std::move(tunable));
  llvm::sort(tunables, [](const Tunable &a, const Tunable &b) { return a.name < b.name; });
  return tunables;
}
