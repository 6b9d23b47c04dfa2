//===- WinogradChoice.cpp - Direct, or by Winograd's method ---------------===//

#include "GraphToFused/WinogradChoice.h"
#include "Fused/Fused.h"
#include "GraphToFused/NestEmitter.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/GlobPattern.h"

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
constexpr double tilesOfBlock = 32, keptWeights = 1 << 18;

/// The sizes that count: y is what is summed up, or what the weight gradient sums over.
struct Sizes {
  int64_t N, C, K, P, Q;
  bool ofWeight = false;
};

} // namespace

WinogradChoice::WinogradChoice(ArrayRef<std::string> given) {
  for (StringRef text : given) {
    auto [pattern, tile] = text.rsplit('=');
    // In a pattern of paths `*` alone means something.
    std::string escaped;
    for (char letter : pattern)
      escaped += StringRef("?[]{}\\").contains(letter) ? std::string{'\\', letter} : std::string{letter};
    policies.push_back({escaped, llvm::StringSwitch<int64_t>(tile).Case("f2", 2).Case("f4", 4).Default(0)});
  }
}

int64_t WinogradChoice::largestTile(Operation *conv) const {
  StringRef path = pathOf(conv->getLoc());
  for (const Policy &policy : llvm::reverse(policies))
    if (llvm::cantFail(llvm::GlobPattern::create(policy.pattern)).match(path))
      return policy.largest;
  return 0;
}

static bool isAll(ArrayRef<int64_t> values, int64_t expected) {
  return llvm::all_of(values, [&](int64_t value) { return value == expected; });
}

template <typename Op> static bool hasPlainTaps(Op conv, RankedTensorType weight) {
  return isAll(weight.getShape().drop_front(2), 3) && isAll(conv.getDilation(), 1) && conv.getGroups() == 1 &&
         weight.getElementType().isF32() && fused::winogradBlock(weight.getDimSize(0)) &&
         fused::winogradBlock(weight.getDimSize(1));
}

/// The sizes of a convolution that Winograd's method fits. An input gradient is one without strides, over a result
/// that is spread apart.
static std::optional<Sizes> sizesOf(Operation *op) {
  if (auto conv = dyn_cast<graph::ConvOp>(op)) {
    ArrayRef<int64_t> y = conv.getType().getShape();
    if (hasPlainTaps(conv, conv.getW().getType()) && isAll(conv.getStride(), 1))
      return Sizes{y[0], conv.getX().getType().getDimSize(1), y[1], y[2], y[3]};
  } else if (auto conv = dyn_cast<graph::ConvDxOp>(op)) {
    ArrayRef<int64_t> x = conv.getType().getShape();
    if (hasPlainTaps(conv, conv.getW().getType()))
      return Sizes{x[0], conv.getY().getType().getDimSize(1), x[1], x[2], x[3]};
  } else if (auto conv = dyn_cast<graph::ConvDwOp>(op)) {
    ArrayRef<int64_t> y = conv.getY().getType().getShape();
    if (hasPlainTaps(conv, conv.getType()) && isAll(conv.getStride(), 1))
      return Sizes{y[0], conv.getX().getType().getDimSize(1), y[1], y[2], y[3], /*ofWeight=*/true};
  }
  return std::nullopt;
}

static double timeOf(const Way &way, const Sizes &sizes) {
  int64_t edge = std::max<int64_t>(way.tile, 1);
  double tiles = double(sizes.N) * llvm::divideCeil(sizes.P, edge) * llvm::divideCeil(sizes.Q, edge);
  double pairs = double(sizes.C) * sizes.K, products = way.productsPerPixel * edge * edge * pairs / way.share;
  bool isKept = !sizes.ofWeight && pairs * (edge + 2) * (edge + 2) <= keptWeights;
  double blocks = isKept ? 1 : std::ceil(tiles / tilesOfBlock);
  return tiles * (products + way.perTile * (sizes.C + sizes.K)) + blocks * way.perWeight * pairs;
}

int64_t WinogradChoice::tileFor(Operation *conv) const {
  std::optional<Sizes> sizes = sizesOf(conv);
  int64_t largest = largestTile(conv), best = 0;
  if (!sizes)
    return 0;
  double least = timeOf(ways[0], *sizes);
  for (const Way &way : ArrayRef(ways).drop_front())
    if (double time = timeOf(way, *sizes); way.tile <= largest && time < least) {
      least = time;
      best = way.tile;
    }
  return best;
}
