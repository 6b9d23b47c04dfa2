//===- Alternatives.cpp - What schedules may ask of templates -------------===//

#include "FusedToKernel/Alternatives.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// What of a template can be chosen.
struct Cut {
  TileKind kind;
  std::optional<BlockKind> block;
  int64_t vectors; ///< Of output channels that lie side by side: tiles divide them.
  fused::ScheduleAttr said;
};

} // namespace

static fused::ScheduleAttr scheduleOf(Operation *nest) { return nest->getAttrOfType<fused::ScheduleAttr>("schedule"); }

/// None for templates that have but one way.
static std::optional<Cut> cutOf(Operation *nest, const Target &target) {
  auto conv = dyn_cast<fused::ConvOp>(nest);
  auto dw = dyn_cast<fused::ConvDwOp>(nest);
  if (target.isGpu() || (!conv && !dw))
    return std::nullopt;
  ConvShape shape = conv ? shapeOf(conv) : shapeOf(dw);
  unsigned lanes = target.lanes(shape.element);
  TileKind kind = conv ? TileKind::Conv : TileKind::ConvDw;
  if (conv ? conv.getWinograd() : dw.getWinograd())
    return Cut{kind, conv ? winogradBlockKindOf(conv) : BlockKind::WinogradDw, fused::winogradBlock(shape.K) / lanes,
               scheduleOf(nest)};
  if (hasSmallGroups(shape, target) || hasFewOutputs(shape, lanes) || (conv && isProduct(shape, lanes)))
    return std::nullopt;
  unsigned outputs = outputLanes(shape, target);
  int64_t K = conv ? shape.K : channelBlock(shape, outputs, dw.getParts() * shape.groups).K;
  return Cut{kind, conv ? std::nullopt : std::optional(blockKindOf(shape)), int64_t(llvm::divideCeil(K, outputs)),
             scheduleOf(nest)};
}

/// The tile that is taken now, if that is known before the kernel is made.
static std::optional<Tile> taken(const Cut &cut, const Target &target) {
  bool isCounted = cut.kind == TileKind::Conv && !cut.block && !(cut.said && cut.said.getRows());
  return isCounted ? std::nullopt : std::optional(tileFor(cut.kind, target, cut.vectors, cut.said));
}

Alternatives kernel::alternativesOf(Operation *nest, const Target &target) {
  std::optional<Cut> cut = cutOf(nest, target);
  if (!cut)
    return {};
  Alternatives result;
  for (Tile tile : tilesFor(cut->kind, target, cut->vectors, {}))
    // Registers are there to be used.
    if (2 * tile.rows * tile.vectors > target.registers() && tile != taken(*cut, target))
      result.tiles.push_back(tile);
  if (cut->block)
    for (int64_t block = blockFor(*cut->block, cut->said); int64_t other : {block / 2, block * 2})
      result.blocks.push_back(other);
  return result;
}

/// Whether sums, a row of vectors and a broadcast value have registers.
static bool fits(Tile tile, const Target &target) {
  return tile.rows * tile.vectors + tile.vectors + 1 <= target.registers();
}

LogicalResult kernel::checkSchedule(Operation *nest, const Target &target) {
  fused::ScheduleAttr said = scheduleOf(nest);
  if (!said)
    return success();
  auto name = nest->getAttrOfType<StringAttr>("convolution");
  auto refuse = [&](const Twine &why) {
    return emitError(nest->getLoc()) << "the schedule of \"" << (name ? name.getValue() : "a nest")
                                     << "\" does not fit: " << why
                                     << "; leave it out, or measure again with `nacre tune`";
  };
  std::optional<Cut> cut = cutOf(nest, target);
  if (!cut)
    return refuse("neither its tile nor its block can be chosen");
  Tile tile{unsigned(said.getVectors()), unsigned(said.getRows())};
  if (said.getRows() && (cut->vectors % tile.vectors || !fits(tile, target)))
    return refuse("a tile's vectors have to divide " + Twine(cut->vectors) + ", and there are " +
                  Twine(target.registers()) + " registers");
  if (!said.getBlock())
    return success();
  if (!cut->block)
    return refuse("it has no block that can be chosen");
  int64_t usual = blockFor(*cut->block, {});
  if (said.getBlock() * 8 < usual || said.getBlock() > usual * 8)
    return refuse("a block has between " + Twine(usual / 8) + " and " + Twine(usual * 8));
  return success();
}
