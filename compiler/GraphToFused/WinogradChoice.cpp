//===- WinogradChoice.cpp - Direct, or by Winograd's method ---------------===//

#include "GraphToFused/WinogradChoice.h"
#include "Fused/Fused.h"
#include "GraphToFused/Frames.h"

#include "llvm/ADT/StringSwitch.h"

#include <cmath>

using namespace mlir;
using namespace nacre;

namespace {

/// What a way of computing costs, in multiply-adds.
struct Way {
  int64_t tile;
  double productsPerPixel; ///< For each pair of channels.
  double share;            ///< Of the peak that the products reach.
  double perTile;          ///< For each channel of either side: transforms.
  double perWeight; ///< For each pair of channels and block of tiles: weights are transformed, or their gradient.
};
constexpr Way ways[] = {{0, 9, 0.84, 0, 0}, {2, 16.0 / 4, 0.9, 160, 150}, {4, 36.0 / 16, 0.9, 750, 300}};
/// Tiles that share their transformed weights if these are larger than `keptWeights` elements; else all do.
constexpr double tilesOfBlock = 32, keptWeights = 1 << 19;

/// The sizes that count, C and K those of a group; P and Q of what is summed up, or what the weight gradient sums over.
struct Sizes {
  int64_t N, C, K, P, Q, groups;
  bool ofWeight = false;
};

} // namespace

int64_t WinogradChoice::largestTile(Operation *conv) const {
  return llvm::StringSwitch<int64_t>(policies.valueAt(conv->getLoc())).Case("f2", 2).Case("f4", 4).Default(0);
}

static bool isAll(ArrayRef<int64_t> values, int64_t expected) {
  return llvm::all_of(values, [&](int64_t value) { return value == expected; });
}

/// Whether Winograd's method fits a weight [K, C / groups, R, S].
static bool hasPlainTaps(ArrayRef<int64_t> weight, int64_t groups) {
  return isAll(weight.drop_front(2), 3) && fused::winogradBlock(weight[0] / groups) && fused::winogradBlock(weight[1]);
}

/// The sizes of a convolution that Winograd's method fits. An input gradient in groups is one without strides, over a
/// result that is spread apart.
static std::optional<Sizes> sizesOf(Operation *op) {
  auto sizes = [](auto conv, RankedTensorType weight, RankedTensorType result,
                  bool needsUnitStride) -> std::optional<Sizes> {
    Frames frames(weight);
    int64_t groups = conv.getGroups();
    SmallVector<int64_t> taps = frames.tapsOfPlane(weight.getShape()), y = frames.images(result.getShape());
    if (!weight.getElementType().isF32() || !hasPlainTaps(taps, groups) ||
        !isAll(frames.plane(conv.getDilation(), 1), 1) ||
        (needsUnitStride && !isAll(frames.plane(conv.getStride(), 1), 1)))
      return std::nullopt;
    return Sizes{y[0], taps[1], taps[0] / groups, y[2], y[3], groups};
  };
  if (auto conv = dyn_cast<graph::ConvOp>(op))
    return sizes(conv, conv.getW().getType(), conv.getType(), /*needsUnitStride=*/true);
  if (auto conv = dyn_cast<graph::ConvDxOp>(op))
    return sizes(conv, conv.getW().getType(), conv.getType(), /*needsUnitStride=*/conv.getGroups() == 1);
  auto conv = dyn_cast<graph::ConvDwOp>(op);
  if (!conv)
    return std::nullopt;
  std::optional<Sizes> found = sizes(conv, conv.getType(), conv.getY().getType(), /*needsUnitStride=*/true);
  if (found)
    found->ofWeight = true;
  return found;
}

static double timeOf(const Way &way, const Sizes &sizes) {
  int64_t edge = std::max<int64_t>(way.tile, 1);
  double tiles = double(sizes.N) * llvm::divideCeil(sizes.P, edge) * llvm::divideCeil(sizes.Q, edge);
  double pairs = double(sizes.C) * sizes.K * sizes.groups,
         products = way.productsPerPixel * edge * edge * pairs / way.share;
  bool isKept = !sizes.ofWeight && pairs * (edge + 2) * (edge + 2) <= keptWeights;
  double blocks = isKept ? 1 : std::ceil(tiles / tilesOfBlock);
  return tiles * (products + way.perTile * (sizes.C + sizes.K) * sizes.groups) + blocks * way.perWeight * pairs;
}

std::vector<Method> WinogradChoice::methodsOf(Operation *conv) const {
  std::optional<Sizes> sizes = sizesOf(conv);
  if (!sizes || policies.empty())
    return {{0, 0, true}};
  int64_t largest = largestTile(conv);
  std::vector<Method> methods;
  for (const Way &way : ways)
    methods.push_back({way.tile, timeOf(way, *sizes), way.tile <= largest});
  llvm::sort(methods,
             [](const Method &a, const Method &b) { return std::tie(a.time, a.tile) < std::tie(b.time, b.tile); });
  return methods;
}
